// A consumption answer as rows for the chart and the table: what each stands for, in words, and its energy untouched.

import type { Consumption, ConsumptionValue, Quality, Step } from './api';
import { formatDate, formatDay, formatDays, formatMonth, formatShortDay, formatShortMonth, type Locale } from './format';
import { spanWithin, type Span } from './selection';
import { addDays, monthStart, siteClock, type SiteClock } from './time';

export interface Bar {
  axis: string; // short, beneath the bar
  label: string; // whole, for the table and beside the pointer
  kwh: number | null; // null: no register bounds it; never 0
  quality: Quality;
  expected: number;
  found: number;
  closer: Span | null; // what to show to look at it closer
}

export function barsOf(answer: Consumption, timezone: string, locale: Locale): Bar[] {
  return answer.values.map((value) => barOf(value, answer.step, timezone, locale));
}

function barOf(value: ConsumptionValue, step: Step, timezone: string, locale: Locale): Bar {
  const from = siteClock(new Date(value.from), timezone);
  const to = siteClock(new Date(value.to), timezone);
  return {
    ...labels(from, to, step, locale),
    kwh: value.consumption,
    quality: value.quality,
    expected: value.expected,
    found: value.found,
    closer: spanWithin(step, from.date, to.time === '00:00' ? to.date : addDays(to.date, 1)),
  };
}

function labels(from: SiteClock, to: SiteClock, step: Step, locale: Locale): { axis: string; label: string } {
  const endTime = to.time === '00:00' && to.date > from.date ? '24:00' : to.time;
  switch (step) {
    case 'interval':
    case '30min':
    case 'hour':
      return { axis: from.time, label: `${formatShortDay(from.date, locale)} ${from.time}–${endTime}` };
    case 'day':
      return { axis: formatShortDay(from.date, locale), label: formatDay(from.date, locale) };
    case 'month':
      if (!isWholeMonth(from, to)) break;
      return { axis: formatShortMonth(from.date, locale), label: formatMonth(from.date, locale) };
    case 'year':
      if (!isWholeYear(from, to)) break;
      return { axis: from.date.slice(0, 4), label: from.date.slice(0, 4) };
    case 'week':
      break;
  }
  const last = to.time === '00:00' ? addDays(to.date, -1) : to.date;
  const label = last > from.date ? formatDays(from.date, last, locale) : formatDate(from.date, locale);
  const axis = step === 'month' ? formatShortMonth(from.date, locale) : step === 'year' ? from.date.slice(0, 4) : formatShortDay(from.date, locale);
  return { axis, label };
}

function isWholeMonth(from: SiteClock, to: SiteClock): boolean {
  return from.date === monthStart(from.date) && to.date === monthStart(from.date, 1) && to.time === '00:00';
}

function isWholeYear(from: SiteClock, to: SiteClock): boolean {
  return from.date.endsWith('-01-01') && to.date === monthStart(from.date, 12) && to.time === '00:00';
}

export function tallest(bars: readonly Bar[]): Bar | null {
  return bars.reduce<Bar | null>((best, bar) => (bar.kwh !== null && bar.kwh > (best?.kwh ?? -1) ? bar : best), null);
}

// Measured first, as the legend shows them; only what occurs. A value that nothing was expected of is no gap.
export function qualitiesIn(bars: readonly Bar[]): Quality[] {
  const present = new Set(bars.filter((bar) => bar.kwh !== null || bar.expected > 0).map((bar) => bar.quality));
  return (['actual', 'estimated', 'suspect', 'missing'] as const).filter((quality) => present.has(quality));
}
