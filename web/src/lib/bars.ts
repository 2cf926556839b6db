// A consumption answer as rows for the chart and the table: what each stands for, in words, and its energy untouched.

import type { Consumption, ConsumptionValue, Quality, Step } from './api';
import { readingsDue } from './due';
import { formatDate, formatDay, formatDays, formatMonth, formatShortDay, formatShortMonth, type Locale } from './format';
import { spanWithin, type Span } from './selection';
import {
  addDays,
  clockRange,
  clockTime,
  monthStart,
  offsetMinutes,
  offsetName,
  siteClock,
  siteDate,
  type SiteClock,
} from './time';

// What a value rests on, for eyes: the API's quality, and apart from it a sum that is measured while readings inside are
// missing, so that only how it is spread over its time is estimated; and what is not there because its readings are still due.
export type Basis = Quality | 'spread' | 'due';

export interface Bar {
  axis: string; // short, beneath the bar
  axisBelow: string; // what begins with this bar, such as a year or a day; mostly empty
  label: string; // whole, for the table and beside the pointer
  kwh: number | null; // null: no register bounds it; never 0
  basis: Basis;
  expected: number;
  found: number;
  estimated: number; // of the expected intervals
  covered: string | null; // the part its energy is for, where that is not all of it
  closer: Span | null; // what to show to look at it closer
}

//   now   the server's, when it was asked
export function barsOf(answer: Consumption, timezone: string, locale: Locale, now: Date): Bar[] {
  const bars = answer.values.map((value, index) => ({
    ...barOf(value, index, answer.step, timezone, locale),
    basis: isDue(value, answer, now) ? ('due' as const) : basisOf(value),
  }));
  return isOfHours(answer.step) ? withOffsets(bars, answer.values, timezone) : bars;
}

function isOfHours(step: Step): boolean {
  return step === 'interval' || step === '30min' || step === 'hour';
}

// Where the clock has been changed, the new offset stands beneath the axis.
function withOffsets(bars: Bar[], values: readonly ConsumptionValue[], timezone: string): Bar[] {
  const offsets = values.map((value) => offsetName(offsetMinutes(new Date(value.from), timezone)));
  return bars.map((bar, index) => {
    const turned = index > 0 && offsets[index - 1] !== offsets[index];
    return turned ? { ...bar, axisBelow: offsets[index] ?? '' } : bar;
  });
}

function basisOf(value: ConsumptionValue): Basis {
  return value.quality === 'actual' && value.estimated > 0 ? 'spread' : value.quality;
}

// After the newest reading, and no longer than is usual.
function isDue(value: ConsumptionValue, answer: Consumption, now: Date): boolean {
  const { covered_to } = answer.completeness;
  if (value.consumption !== null || value.expected === 0 || covered_to === null) return false;
  return Date.parse(value.from) >= Date.parse(covered_to) && readingsDue(answer, now) > 0;
}

function barOf(value: ConsumptionValue, index: number, step: Step, timezone: string, locale: Locale): Omit<Bar, 'basis'> {
  const from = siteClock(new Date(value.from), timezone);
  const to = siteClock(new Date(value.to), timezone);
  return {
    ...labels(value, from, to, step, timezone, locale),
    axisBelow: axisBelow(from, index, step, locale),
    kwh: value.consumption,
    expected: value.expected,
    found: value.found,
    estimated: value.estimated,
    covered: coveredPart(value, timezone, locale),
    closer: spanWithin(step, from.date, to.time === '00:00' ? to.date : addDays(to.date, 1)),
  };
}

// '00:00–18:00', or with days where it is longer than one.
function coveredPart(value: ConsumptionValue, timezone: string, locale: Locale): string | null {
  const { from, to, covered_from, covered_to } = value;
  if (covered_from === null || covered_to === null) return null;
  if (Date.parse(covered_from) === Date.parse(from) && Date.parse(covered_to) === Date.parse(to)) return null;
  const [start, end] = [new Date(covered_from), new Date(covered_to)];
  const [first, last] = [siteDate(start, timezone), siteDate(new Date(end.getTime() - 1), timezone)];
  if (first === last) return clockRange(start, end, timezone);
  const at = (instant: Date) => `${formatShortDay(siteDate(instant, timezone), locale)} ${clockTime(instant, timezone)}`;
  return `${at(start)} – ${at(end)}`;
}

function axisBelow(from: SiteClock, index: number, step: Step, locale: Locale): string {
  if (step === 'month') return index === 0 || from.date.slice(5, 7) === '01' ? from.date.slice(0, 4) : '';
  if (step === 'day' || step === 'week' || step === 'year') return '';
  return from.time === '00:00' ? formatShortDay(from.date, locale) : '';
}

function labels(
  value: ConsumptionValue,
  from: SiteClock,
  to: SiteClock,
  step: Step,
  timezone: string,
  locale: Locale,
): { axis: string; label: string } {
  switch (step) {
    case 'interval':
    case '30min':
    case 'hour':
      return {
        axis: from.time,
        label: `${formatShortDay(from.date, locale)} ${clockRange(new Date(value.from), new Date(value.to), timezone)}`,
      };
    case 'day':
      return { axis: formatShortDay(from.date, locale), label: formatDay(from.date, locale) };
    case 'month':
      return {
        axis: formatShortMonth(from.date, locale),
        label: isWholeMonth(from, to) ? formatMonth(from.date, locale) : daysLabel(from, to, locale),
      };
    case 'year': {
      const year = from.date.slice(0, 4);
      return { axis: year, label: isWholeYear(from, to) ? year : daysLabel(from, to, locale) };
    }
    case 'week':
      return { axis: formatShortDay(from.date, locale), label: daysLabel(from, to, locale) };
  }
}

function daysLabel(from: SiteClock, to: SiteClock, locale: Locale): string {
  const last = to.time === '00:00' ? addDays(to.date, -1) : to.date;
  return last > from.date ? formatDays(from.date, last, locale) : formatDate(from.date, locale);
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

// Before the meter was there, or still to come: no gap.
export function isUnexpected(bar: Bar): boolean {
  return bar.kwh === null && bar.expected === 0;
}

// Measured first, as the legend shows them; only what occurs.
export function basesIn(bars: readonly Bar[]): Basis[] {
  const present = new Set(bars.filter((bar) => !isUnexpected(bar)).map((bar) => bar.basis));
  return (['actual', 'spread', 'estimated', 'suspect', 'missing', 'due'] as const).filter((basis) => present.has(basis));
}
