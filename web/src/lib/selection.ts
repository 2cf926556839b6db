// What /query/ shows: a meter, a channel and a span. It lives in the link, so that a link keeps the query:
//   /query/?meter=100000001&period=1w      /query/?meter=100000001&first=2025-02-01&last=2025-02-28&channel=export

import type { Channel, Step } from './api';
import { checkMeterId } from './meter-id';
import {
  addDays,
  dayStart,
  daysBetween,
  floorToMinutes,
  isoUtc,
  monthStart,
  plusMinutes,
  siteDate,
  type LocalDate,
} from './time';

export const PERIODS = ['30m', '1d', '1w', '1m', '1y'] as const;
export type Period = (typeof PERIODS)[number];
export const DEFAULT_PERIOD: Period = '1d';

export type Span =
  | { kind: 'period'; period: Period }
  | { kind: 'days'; first: LocalDate; last: LocalDate }; // both counted; from a link: as written, see linkProblem

export interface Selection {
  meterId: string; // as typed; empty: none yet
  channel: Channel;
  span: Span;
}

export interface Plan {
  from: string; // as the API takes them; `to` is excluded
  to: string;
  step: Step;
}

const INTERVAL_MINUTES = 30;

export function isPeriod(text: string | null): text is Period {
  return PERIODS.some((period) => period === text);
}

export function parseSelection(search: URLSearchParams): Selection {
  return {
    meterId: search.get('meter') ?? '',
    channel: search.get('channel') === 'export' ? 'export' : 'import',
    span: parseSpan(search),
  };
}

function parseSpan(search: URLSearchParams): Span {
  if (search.has('first') || search.has('last')) {
    return { kind: 'days', first: search.get('first') ?? '', last: search.get('last') ?? '' };
  }
  const period = search.get('period');
  return { kind: 'period', period: isPeriod(period) ? period : DEFAULT_PERIOD };
}

export function selectionLink(selection: Selection): string {
  const search = new URLSearchParams();
  if (selection.meterId !== '') search.set('meter', selection.meterId);
  if (selection.span.kind === 'period') {
    search.set('period', selection.span.period);
  } else {
    search.set('first', selection.span.first);
    search.set('last', selection.span.last);
  }
  if (selection.channel !== 'import') search.set('channel', selection.channel);
  return `/query/?${search}`;
}

export function hasMeter(selection: Selection): boolean {
  return checkMeterId(selection.meterId).kind === 'valid';
}

// The question for the API.
//   now     the server's; `latest` the instant of the newest reading: the latest half-hour ends there
//   null    the latest half-hour of a meter without a reading
export function planFor(span: Span, now: Date, timezone: string, latest: Date | null): Plan | null {
  if (span.kind === 'days') return planDays(span.first, span.last, timezone);
  const today = siteDate(now, timezone);
  switch (span.period) {
    case '30m':
      return latest ? planHalfHours(latest, INTERVAL_MINUTES) : null;
    case '1d':
      return planHalfHours(floorToMinutes(now, INTERVAL_MINUTES, timezone), 24 * 60);
    case '1w':
      return planLocal(addDays(today, -6), addDays(today, 1), 'day', timezone);
    case '1m':
      return planLocal(addDays(today, -29), addDays(today, 1), 'day', timezone);
    case '1y':
      return planLocal(monthStart(today, -11), monthStart(today, 1), 'month', timezone);
  }
}

function planHalfHours(end: Date, minutes: number): Plan {
  return { from: isoUtc(plusMinutes(end, -minutes)), to: isoUtc(end), step: '30min' };
}

function planDays(first: LocalDate, last: LocalDate, timezone: string): Plan {
  return planLocal(first, addDays(last, 1), stepForDays(daysBetween(first, last)), timezone);
}

function planLocal(from: LocalDate, to: LocalDate, step: Step, timezone: string): Plan {
  return { from: dayStart(from, timezone), to: dayStart(to, timezone), step };
}

// Few enough bars to tell apart, many enough to show the shape.
export function stepForDays(days: number): Step {
  if (days <= 2) return '30min';
  if (days <= 92) return 'day';
  if (days <= 3 * 366) return 'month';
  return 'year';
}

// The days a bar stands for, to look at it closer; null where there is nothing finer.
export function spanWithin(step: Step, from: LocalDate, to: LocalDate): Span | null {
  if (step === 'interval' || step === '30min' || step === 'hour') return null;
  const last = addDays(to, -1);
  return { kind: 'days', first: from, last: last < from ? from : last };
}

// The same length of time before a meter's newest reading: what to look at when nothing is newer.
export function spanBeforeLatest(period: Period, latest: Date, timezone: string): Span {
  const last = siteDate(plusMinutes(latest, -1), timezone); // a 00:00 reading closes the day before
  const days = { '30m': 0, '1d': 0, '1w': 6, '1m': 29, '1y': 364 }[period];
  return { kind: 'days', first: addDays(last, -days), last };
}
