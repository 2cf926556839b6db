// One number of places for every energy on the page, so that the total is seen to be the sum of its rows: as many as the most
// exact of them has. Nothing is rounded away: energies have at most six places.

import type { Consumption } from '../../lib/api';
import { placesOf } from '../../lib/format';
import type { Usage } from './load';

export function energyPlaces(answer: Consumption, latest: Usage['latest']): number {
  const values = answer.values.map((value) => value.consumption);
  return placesOf([...values, answer.total, answer.completeness.estimated_kwh, latest?.register ?? null]);
}
