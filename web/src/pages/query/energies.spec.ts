import { expect, it } from 'vitest';
import type { LatestReading } from '../../lib/api';
import { sampleAnswer, sampleValue } from '../../lib/sample-answer';
import { energyPlaces } from './energies';

const value = (kwh: number | null) => sampleValue('2025-02-20T00:00:00+08:00', '2025-02-20T00:30:00+08:00', kwh, 'actual');
const answer = (total: number, ...values: (number | null)[]) => sampleAnswer({ total, values: values.map(value) });
const latest = { register: 4021.5 } as LatestReading;

it.each([
  ['whole numbers', answer(3, 1, 2), null, 0],
  ['a total that ends in noughts', answer(353.76, 341.58, 12.18), null, 2],
  ['rows with more places than the total', answer(0.5, 0.125, 0.375, null), null, 3],
  ['a row to the last digit', answer(1.5, 0.333333, 1.166667), null, 6],
  ['the register', answer(3, 1, 2), latest, 1],
] as const)('%s', (_name, given, newest, places) => {
  expect(energyPlaces(given, newest)).toBe(places);
});
