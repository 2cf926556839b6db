// What the form holds, what is wrong with it, and what the server thought of it.

import type { ApiError, Config } from '../../lib/api';
import type { Messages } from '../../lib/i18n/en';
import { checkMeterId } from '../../lib/meter-id';

export interface Entries {
  meterId: string;
  region: string;
  area: string;
  dwellingType: string;
}

export const EMPTY: Entries = { meterId: '', region: '', area: '', dwellingType: '' };

export function areasOf(config: Config, region: string): string[] {
  return config.regions.find((one) => one.name === region)?.areas ?? [];
}

// In the order of the form, so that the first is where the reader is taken.
export function problemFields(entries: Entries): (keyof Entries)[] {
  const fields: (keyof Entries)[] = [];
  if (checkMeterId(entries.meterId).kind !== 'valid') fields.push('meterId');
  if (entries.region === '') fields.push('region');
  if (entries.area === '') fields.push('area');
  if (entries.dwellingType === '') fields.push('dwellingType');
  return fields;
}

// One key for what is sent again unchanged, another as soon as anything is changed.
export class RetryKey {
  #content = '';
  #key = '';
  #newKey: () => string;

  constructor(newKey: () => string = randomKey) {
    this.#newKey = newKey;
  }

  for(content: unknown): string {
    const text = JSON.stringify(content);
    if (text !== this.#content || this.#key === '') {
      this.#content = text;
      this.#key = this.#newKey();
    }
    return this.#key;
  }
}

// crypto.randomUUID is there on secure addresses only; a server in the house has none.
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// A request that was sent and not answered may have been carried out; one that was refused was not.
export function consequence(error: ApiError, messages: Messages): string {
  const unsure = error.kind === 'network' || error.kind === 'timeout' || error.kind === 'server';
  return unsure ? messages.register.unsure : messages.register.notSent;
}
