// The 9-digit id of a meter, as people type and paste it.

export const METER_ID_DIGITS = 9;

export type MeterIdState =
  | { kind: 'empty' }
  | { kind: 'short'; missing: number }
  | { kind: 'long'; extra: number }
  | { kind: 'not-digits' }
  | { kind: 'valid'; id: string };

// Spaces and dashes are how people group digits; they carry nothing.
export function cleanMeterId(text: string): string {
  return text.replace(/[\s\u2010-\u2015-]/g, '');
}

export function checkMeterId(text: string): MeterIdState {
  const id = cleanMeterId(text);
  if (id === '') return { kind: 'empty' };
  if (!/^[0-9]+$/.test(id)) return { kind: 'not-digits' };
  if (id.length < METER_ID_DIGITS) return { kind: 'short', missing: METER_ID_DIGITS - id.length };
  if (id.length > METER_ID_DIGITS) return { kind: 'long', extra: id.length - METER_ID_DIGITS };
  return { kind: 'valid', id };
}

// Groups of three are easier to read and to compare.
export function groupMeterId(id: string): string {
  return id.replace(/(\d{3})(?=\d)/g, '$1\u202f');
}
