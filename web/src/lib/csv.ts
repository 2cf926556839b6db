// The shown values as a file for a spreadsheet: instants and numbers exactly as the API gave them.

import type { Consumption } from './api';

const COLUMNS = [
  'from',
  'to',
  'consumption_kwh',
  'quality',
  'readings_expected',
  'readings_found',
  'intervals_estimated',
  'covered_from',
  'covered_to',
];

export function consumptionCsv(answer: Consumption): string {
  const rows = answer.values.map((value) => [
    value.from,
    value.to,
    value.consumption === null ? '' : String(value.consumption),
    value.quality,
    String(value.expected),
    String(value.found),
    String(value.estimated),
    value.covered_from ?? '',
    value.covered_to ?? '',
  ]);
  return [COLUMNS, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

export function consumptionCsvName(answer: Consumption): string {
  const day = (iso: string) => iso.slice(0, 10);
  return `consumption_${answer.meter_id}_${answer.channel}_${day(answer.from)}_${day(answer.to)}_${answer.step}.csv`;
}

export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
