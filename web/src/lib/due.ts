// Readings that are still on their way: an answer that runs up to now ends in half-hours whose reading has not come yet. They
// are neither missing nor a gap, unless they stay away for longer than is usual.

import type { Consumption } from './api';
import { floorToMinutes } from './time';

const INTERVAL_MINUTES = 30;
const INTERVAL_MS = INTERVAL_MINUTES * 60_000;
const DUE_READINGS_MAX = 4; // a meter that lags by two hours is an ordinary one

// The last instant a reading could be there for.
export function reachable(answer: Consumption, now: Date): number {
  return Math.min(Date.parse(answer.to), floorToMinutes(now, INTERVAL_MINUTES, answer.timezone).getTime());
}

// How many could be there after the last that is.
export function readingsAfterNewest(answer: Consumption, now: Date): number {
  const { covered_to } = answer.completeness;
  return covered_to === null ? 0 : Math.max(0, (reachable(answer, now) - Date.parse(covered_to)) / INTERVAL_MS);
}

// Those of them that are still to come: 0 where the time asked for is long over, or too many of them stay away.
export function readingsDue(answer: Consumption, now: Date): number {
  const running = now.getTime() - reachable(answer, now) <= DUE_READINGS_MAX * INTERVAL_MS;
  const after = readingsAfterNewest(answer, now);
  return running && after <= DUE_READINGS_MAX ? after : 0;
}
