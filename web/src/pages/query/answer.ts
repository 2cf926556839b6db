// The words around the number: which time it is for, and how far it can be trusted.

import type { Consumption } from '../../lib/api';
import { reachable, readingsAfterNewest, readingsDue } from '../../lib/due';
import { formatClockRange, formatDate, formatDays, formatInstant, formatShortDay, type Locale } from '../../lib/format';
import type { Messages } from '../../lib/i18n/en';
import type { Span } from '../../lib/selection';
import { addDays, siteClock, siteDate } from '../../lib/time';

export interface Reader {
  timezone: string;
  locale: Locale;
  messages: Messages;
  now: Date; // the server's
}

export function spanPhrase(span: Span, answer: Consumption, { timezone, locale, messages, now }: Reader): string {
  const { spans } = messages.query;
  const from = siteClock(new Date(answer.from), timezone);
  const to = siteClock(new Date(answer.to), timezone);
  const last = to.time === '00:00' ? addDays(to.date, -1) : to.date;
  const days = formatDays(from.date, last, locale);
  if (span.kind === 'days') {
    if (from.date === last) return spans.day({ day: formatDate(last, locale) });
    const sameYear = from.date.slice(0, 4) === last.slice(0, 4);
    const first = (sameYear ? formatShortDay : formatDate)(from.date, locale);
    return spans.days({ first, last: formatDate(last, locale), days });
  }
  switch (span.period) {
    case '30m':
      return spans['30m']({ range: formatClockRange(answer.from, answer.to, timezone, locale) });
    case '1d':
      return spans['1d']({ to: formatInstant(answer.to, timezone, locale) });
    default: {
      const today = siteDate(now, timezone); // the month that runs is asked for as a whole
      return spans[span.period]({ days: formatDays(from.date, last < today ? last : today, locale) });
    }
  }
}

export type Trust =
  | 'complete'
  | 'complete-so-far' // all there up to the newest reading, and that is no later than usual
  | 'exact' // readings are missing inside, yet both ends were read: the sum is right, only its shape is estimated
  | 'mostly-spread' // the same, but when most of it was used is estimated
  | 'partly-estimated'
  | 'estimated' // all of it
  | 'suspect'
  | 'incomplete';

const SPREAD_SHARE_MAX = 0.5;

// Of the total, how much is estimated: itself or the time it was used at.
export function spreadShare({ completeness, total }: Consumption): number {
  return total ? Math.min(1, completeness.estimated_kwh / total) : 0;
}

// Where part of the energy or of its intervals is measured, it is estimated in part only.
function isWhollyEstimated(answer: Consumption): boolean {
  const { expected, estimated } = answer.completeness;
  return spreadShare(answer) === 1 || (expected > 0 && estimated >= expected);
}

// A total over all that was expected, apart from readings that are still on their way, is complete so far. What no register
// bounds has a null value; what is estimated is said apart.
export function trustOf(answer: Consumption, now: Date): Trust {
  const { expected, found, estimated, covered_to } = answer.completeness;
  if (answer.total === null || covered_to === null) return 'incomplete';
  const due = readingsDue(answer, now);
  const unbounded = answer.values
    .filter((value) => value.consumption === null)
    .reduce((count, value) => count + value.expected, 0);
  if (unbounded > due || readingsAfterNewest(answer, now) > due) return 'incomplete';
  if (answer.quality === 'suspect') return 'suspect';
  if (answer.quality === 'estimated') return isWhollyEstimated(answer) ? 'estimated' : 'partly-estimated';
  if (spreadShare(answer) > SPREAD_SHARE_MAX) return 'mostly-spread';
  if (estimated > 0 || expected - found > due) return 'exact';
  return due > 0 ? 'complete-so-far' : 'complete';
}

// Of the time asked for, what the number covers: all, all up to the newest reading, or a part.
export function coverageOf(answer: Consumption, now: Date): 'whole' | 'so-far' | 'part' {
  const { covered_from, covered_to } = answer.completeness;
  if (covered_from === null || covered_to === null) return 'part';
  if (Date.parse(covered_from) > Date.parse(answer.from)) return 'part';
  if (Date.parse(covered_to) >= Date.parse(answer.to)) return 'whole';
  if (Date.parse(covered_to) >= reachable(answer, now)) return 'so-far';
  return readingsDue(answer, now) > 0 ? 'so-far' : 'part';
}
