import { expect, it } from 'vitest';
import { consumptionCsv, consumptionCsvName } from './csv';
import { sampleAnswer } from './sample-answer';

it('has a row a value, numbers as the API gave them, nothing where nothing is known', () => {
  const rows = consumptionCsv(sampleAnswer()).split('\r\n');
  expect(rows[0]).toBe('from,to,consumption_kwh,quality,readings_expected,readings_found,intervals_estimated,covered_from,covered_to');
  expect(rows[2]).toBe('2025-02-20T00:30:00+08:00,2025-02-20T01:00:00+08:00,0.525001,estimated,1,1,1,2025-02-20T00:30:00+08:00,2025-02-20T01:00:00+08:00');
  expect(rows[3]).toBe('2025-02-20T01:00:00+08:00,2025-02-20T01:30:00+08:00,,missing,1,0,0,,');
  expect(rows).toHaveLength(6);
});

it('is named by what it holds', () => {
  expect(consumptionCsvName(sampleAnswer())).toBe('consumption_100000001_import_2025-02-20_2025-02-20_30min.csv');
});
