import { describe, expect, it } from 'vitest';
import { addDays, dayStart, daysBetween, floorToMinutes, isLocalDate, isoUtc, monthStart, siteClock } from './time';

describe('siteClock', () => {
  it.each([
    ['midnight in Singapore', '2025-02-19T16:00:00Z', 'Asia/Singapore', '2025-02-20', '00:00'],
    ['the day is the site’s', '2025-02-20T23:59:59Z', 'Asia/Singapore', '2025-02-21', '07:59'],
    ['winter in London', '2024-01-15T12:30:00Z', 'Europe/London', '2024-01-15', '12:30'],
    ['summer in London', '2024-07-15T12:30:00Z', 'Europe/London', '2024-07-15', '13:30'],
    ['the hour that comes twice, first', '2024-10-27T00:30:00Z', 'Europe/London', '2024-10-27', '01:30'],
    ['the hour that comes twice, second', '2024-10-27T01:30:00Z', 'Europe/London', '2024-10-27', '01:30'],
    ['half an hour of daylight saving', '2024-12-31T13:30:00Z', 'Australia/Lord_Howe', '2025-01-01', '00:30'],
  ])('%s', (_name, instant, timezone, date, time) => {
    expect(siteClock(new Date(instant), timezone)).toEqual({ date, time });
  });
});

describe('local dates', () => {
  it('are real days only', () => {
    expect(isLocalDate('2024-02-29')).toBe(true);
    expect(isLocalDate('2025-02-29')).toBe(false);
    expect(isLocalDate('2025-2-1')).toBe(false);
    expect(isLocalDate('2025-13-01')).toBe(false);
    expect(isLocalDate(null)).toBe(false);
  });
  it('add up across months, years and changes of the clock', () => {
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
    expect(addDays('2025-01-01', -1)).toBe('2024-12-31');
    expect(addDays('2024-03-31', 1)).toBe('2024-04-01');
    expect(daysBetween('2024-03-30', '2024-04-01')).toBe(3);
  });
  it('know the month they lie in', () => {
    expect(monthStart('2025-02-20')).toBe('2025-02-01');
    expect(monthStart('2025-02-20', -11)).toBe('2024-03-01');
    expect(monthStart('2025-12-31', 1)).toBe('2026-01-01');
  });
});

it.each([
  ['an ordinary day', '2018-11-03', 'America/Sao_Paulo', '2018-11-03'],
  ['the clock jumps from 00:00 to 01:00', '2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['it falls back at 00:00, to 23:00 of the day before', '2018-02-18', 'America/Sao_Paulo', '2018-02-18'],
  ['it jumps later on the day', '2013-03-31', 'Europe/London', '2013-03-31'],
  ['it falls back later on the day', '2012-10-28', 'Europe/London', '2012-10-28'],
  ['far ahead of UTC', '2025-02-20', 'Pacific/Kiritimati', '2025-02-20'],
])('a day begins: %s', (_name, date, timezone, start) => {
  expect(dayStart(date, timezone)).toBe(start);
});

it.each([
  ['an offset of whole hours', 'Asia/Singapore', '2025-02-20T12:47:31.250Z', '2025-02-20T12:30:00Z'],
  ['of half an hour', 'Asia/Kolkata', '2025-02-20T12:47:31.250Z', '2025-02-20T12:30:00Z'],
  ['of three quarters: 18:32 is floored to 18:30', 'Asia/Kathmandu', '2025-02-20T12:47:31.250Z', '2025-02-20T12:45:00Z'],
  ['18:29 to 18:00', 'Asia/Kathmandu', '2025-02-20T12:44:59Z', '2025-02-20T12:15:00Z'],
  ['on the half-hour', 'Asia/Kathmandu', '2025-02-20T12:45:00Z', '2025-02-20T12:45:00Z'],
  ['a day begins', 'Asia/Kathmandu', '2025-02-20T18:15:00Z', '2025-02-20T18:15:00Z'],
  ['three quarters and daylight saving', 'Pacific/Chatham', '2025-01-20T12:20:00Z', '2025-01-20T12:15:00Z'],
])('the half-hour of the site’s clock, as it goes to the API: %s', (_name, timezone, instant, half) => {
  expect(isoUtc(floorToMinutes(new Date(instant), 30, timezone))).toBe(half);
});
