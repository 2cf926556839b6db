// Instants and the site's calendar. What is shown is always the site's clock, never the browser's.
// A local date is text, 'YYYY-MM-DD': it sorts, compares and goes into a link as it is.

export type LocalDate = string;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const partsFormat = new Map<string, Intl.DateTimeFormat>();

function partsFormatFor(timezone: string): Intl.DateTimeFormat {
  let format = partsFormat.get(timezone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    partsFormat.set(timezone, format);
  }
  return format;
}

export interface SiteClock {
  date: LocalDate;
  time: string; // 'HH:MM'
}

export function siteClock(instant: Date, timezone: string): SiteClock {
  const part: Record<string, string> = {};
  for (const { type, value } of partsFormatFor(timezone).formatToParts(instant)) part[type] = value;
  const year = (part['year'] ?? '').padStart(4, '0');
  return { date: `${year}-${part['month']}-${part['day']}`, time: `${part['hour']}:${part['minute']}` };
}

export function siteDate(instant: Date, timezone: string): LocalDate {
  return siteClock(instant, timezone).date;
}

// How far the site's clock is ahead of UTC, in minutes.
export function offsetMinutes(instant: Date, timezone: string): number {
  const { date, time } = siteClock(instant, timezone);
  return Math.round(Date.parse(`${date}T${time}:00Z`) / MINUTE_MS) - Math.floor(instant.getTime() / MINUTE_MS);
}

// 'UTC+1', 'UTC+5:30', 'UTC+0'
export function offsetName(minutes: number): string {
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? '' : `:${String(size % 60).padStart(2, '0')}`;
  return `UTC${minutes < 0 ? '-' : '+'}${Math.floor(size / 60)}${rest}`;
}

const changedDays = new Map<string, boolean>();

// Whether the clock is changed on that day: some of its times then stand twice, or not at all.
export function isClockChanged(date: LocalDate, timezone: string): boolean {
  const key = `${timezone} ${date}`;
  const known = changedDays.get(key);
  if (known !== undefined) return known;
  const changed = offsetsOn(date, timezone).size > 1;
  changedDays.set(key, changed);
  return changed;
}

function offsetsOn(date: LocalDate, timezone: string): Set<number> {
  const noon = Date.parse(`${date}T12:00:00Z`);
  const offsets = new Set<number>();
  for (let minutes = -27 * 60; minutes <= 27 * 60; minutes += 30) {
    const instant = new Date(noon + minutes * MINUTE_MS);
    if (siteDate(instant, timezone) === date) offsets.add(offsetMinutes(instant, timezone));
  }
  return offsets;
}

// '01:30', and on a day when the clock is changed '01:30 UTC+1', as the time alone does not tell which.
export function clockTime(instant: Date, timezone: string): string {
  const { date, time } = siteClock(instant, timezone);
  return isClockChanged(date, timezone) ? `${time} ${offsetName(offsetMinutes(instant, timezone))}` : time;
}

// The times of a span that begins and ends on one day: '00:30–01:00', on a day when the clock is changed '00:30–01:00 UTC+1', and
// where it is changed meanwhile '01:30 UTC+1 – 01:00 UTC+0'. A midnight ends the day as 24:00.
export function clockRange(from: Date, to: Date, timezone: string): string {
  const [start, end] = [siteClock(from, timezone), siteClock(to, timezone)];
  const endTime = end.time === '00:00' && end.date > start.date ? '24:00' : end.time;
  const times = `${start.time}–\u2060${endTime}`;
  if (!isClockChanged(start.date, timezone)) return times;
  const [before, after] = [offsetName(offsetMinutes(from, timezone)), offsetName(offsetMinutes(to, timezone))];
  return before === after ? `${times} ${after}` : `${start.time} ${before} – ${endTime} ${after}`;
}

// Where that day begins, as the API takes it: the date itself, or the instant where the clock jumps over its midnight.
export function dayStart(date: LocalDate, timezone: string): string {
  const midnight = new Date(`${date}T00:00:00Z`);
  const begins = (offset: number) => plusMinutes(midnight, -offset);
  const [before, after] = [-1, 1].map((days) => begins(offsetMinutes(plusMinutes(midnight, days * 24 * 60), timezone)));
  const isMidnight = (instant: Date | undefined) => instant !== undefined && siteClock(instant, timezone).time === '00:00';
  return before === undefined || isMidnight(before) || isMidnight(after) ? date : isoUtc(before);
}

export function isLocalDate(text: string | null): text is LocalDate {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

export function addDays(date: LocalDate, days: number): LocalDate {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

// The first day of the month that lies `months` after the month of `date`.
export function monthStart(date: LocalDate, months = 0): LocalDate {
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(5, 7)) - 1 + months;
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
}

// Days from `first` to `last`, both counted.
export function daysBetween(first: LocalDate, last: LocalDate): number {
  return Math.round((Date.parse(`${last}T00:00:00Z`) - Date.parse(`${first}T00:00:00Z`)) / DAY_MS) + 1;
}

// The last full half-hour (or other step that divides an hour) of the site's clock: with an offset of +5:45 that is none of UTC's.
export function floorToMinutes(instant: Date, minutes: number, timezone: string): Date {
  const step = minutes * MINUTE_MS;
  const ahead = offsetMinutes(instant, timezone) * MINUTE_MS;
  return new Date(Math.floor((instant.getTime() + ahead) / step) * step - ahead);
}

export function plusMinutes(instant: Date, minutes: number): Date {
  return new Date(instant.getTime() + minutes * MINUTE_MS);
}

// As the API takes it: whole seconds, UTC.
export function isoUtc(instant: Date): string {
  return instant.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
