// Numbers and times as text, in the reader's language and on the site's clock.

import { clockRange, clockTime, siteDate, type LocalDate } from './time';

export type Locale = 'en-GB' | 'zh-CN';

export const PLACES_MAX = 6; // the API's energies have at most six

// How many places the exact decimal has: 0.25 has 2.
export function places(kwh: number): number {
  const text = String(kwh);
  const point = text.indexOf('.');
  return point < 0 ? 0 : Math.min(PLACES_MAX, text.length - point - 1);
}

export function formatNumber(value: number, locale: Locale, fixedPlaces?: number): string {
  const options = fixedPlaces === undefined ? {} : { minimumFractionDigits: fixedPlaces };
  return new Intl.NumberFormat(locale, { ...options, maximumFractionDigits: fixedPlaces ?? PLACES_MAX }).format(value);
}

export function formatPercent(share: number, locale: Locale): string {
  if (share > 0 && share < 0.001) return `< ${formatPercent(0.001, locale)}`;
  if (share > 0.999 && share < 1) return `> ${formatPercent(0.999, locale)}`;
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(share);
}

// The most places any of them has: with so many all of them are exact, and their points stand beneath each other.
export function placesOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((most, value) => Math.max(most, value === null ? 0 : places(value)), 0);
}

function formatUtc(date: LocalDate, locale: Locale, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`));
}

// A date stays on one line: no break between day, month and year.
function unbroken(text: string): string {
  return text.replace(/(?<=\d) (?=\p{Letter})|(?<=\p{Letter}) (?=\d{4})/gu, '\u00a0');
}

export function formatDate(date: LocalDate, locale: Locale): string {
  return unbroken(formatUtc(date, locale, { day: 'numeric', month: 'short', year: 'numeric' }));
}

export function formatDay(date: LocalDate, locale: Locale): string {
  return unbroken(formatUtc(date, locale, { weekday: 'short', day: 'numeric', month: 'short' }));
}

export function formatShortDay(date: LocalDate, locale: Locale): string {
  return formatUtc(date, locale, { day: 'numeric', month: 'short' });
}

export function formatMonth(date: LocalDate, locale: Locale): string {
  return formatUtc(date, locale, { month: 'long', year: 'numeric' });
}

export function formatShortMonth(date: LocalDate, locale: Locale): string {
  return formatUtc(date, locale, { month: 'short' });
}

// Both days counted: '1–28 Feb 2025'.
export function formatDays(first: LocalDate, last: LocalDate, locale: Locale): string {
  if (locale === 'zh-CN') {
    const end = first.slice(0, 4) === last.slice(0, 4) ? formatShortDay(last, locale) : formatDate(last, locale);
    return first === last ? formatDate(first, locale) : `${formatDate(first, locale)}至${end}`; // Intl's is all slashes
  }
  const format = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  const range = format.formatRange(new Date(`${first}T00:00:00Z`), new Date(`${last}T00:00:00Z`));
  return unbroken(range);
}

// '20 Feb 2025, 12:30'; with its offset on a day when the clock is changed
export function formatInstant(iso: string, timezone: string, locale: Locale): string {
  return onDay(siteDate(new Date(iso), timezone), clockTime(new Date(iso), timezone), locale);
}

// '20 Feb 2025, 12:30–13:00', of a span that begins and ends on one day
export function formatClockRange(from: string, to: string, timezone: string, locale: Locale): string {
  const start = new Date(from);
  return onDay(siteDate(start, timezone), clockRange(start, new Date(to), timezone), locale);
}

function onDay(date: LocalDate, times: string, locale: Locale): string {
  return `${formatDate(date, locale)}${locale === 'zh-CN' ? ' ' : ', '}${times}`;
}

// '17 minutes ago', in the largest unit that fits.
export function formatAge(iso: string, now: Date, locale: Locale): string {
  const seconds = Math.max(0, (now.getTime() - Date.parse(iso)) / 1000);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  if (seconds < 60 * 60) return format.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 48 * 60 * 60) return format.format(-Math.floor(seconds / 3600), 'hour');
  if (seconds < 60 * 86400) return format.format(-Math.floor(seconds / 86400), 'day');
  if (seconds < 730 * 86400) return format.format(-Math.floor(seconds / (30.44 * 86400)), 'month');
  return format.format(-Math.floor(seconds / (365.25 * 86400)), 'year');
}
