// A consumption answer for the tests of this folder.

import type { Consumption, ConsumptionValue, Quality } from './api';

export function sampleValue(from: string, to: string, consumption: number | null, quality: Quality): ConsumptionValue {
  const known = consumption !== null;
  return {
    from,
    to,
    consumption,
    quality,
    expected: 1,
    found: known ? 1 : 0,
    estimated: quality === 'estimated' ? 1 : 0,
    covered_from: known ? from : null,
    covered_to: known ? to : null,
  };
}

export function sampleAnswer(changes: Partial<Consumption> = {}): Consumption {
  const from = '2025-02-20T00:00:00+08:00';
  const to = '2025-02-20T02:00:00+08:00';
  const at = (clock: string) => `2025-02-20T${clock}:00+08:00`;
  return {
    meter_id: '100000001',
    channel: 'import',
    from,
    to,
    step: '30min',
    timezone: 'Asia/Singapore',
    unit: 'kWh',
    total: 1.025001,
    quality: 'actual',
    completeness: { expected: 4, found: 4, estimated: 0, estimated_kwh: 0, covered_from: from, covered_to: to },
    values: [
      sampleValue(at('00:00'), at('00:30'), 0.25, 'actual'),
      sampleValue(at('00:30'), at('01:00'), 0.525001, 'estimated'),
      sampleValue(at('01:00'), at('01:30'), null, 'missing'),
      sampleValue(at('01:30'), at('02:00'), 0, 'suspect'),
    ],
    ...changes,
  };
}
