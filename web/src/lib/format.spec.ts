import { describe, expect, it } from 'vitest';
import { formatAge, formatClockRange, formatDays, formatInstant, formatNumber, formatPercent, placesOf } from './format';

const plain = (text: string) => text.replace(/[\u00a0\u202f\u2009]/g, ' ');

describe('numbers', () => {
  it('keep every place the API gave', () => {
    expect(formatNumber(12.345678, 'en-GB')).toBe('12.345678');
    expect(formatNumber(0.000001, 'en-GB')).toBe('0.000001');
    expect(formatNumber(123456.7, 'en-GB')).toBe('123,456.7');
  });
  it('stand beneath each other in a column', () => {
    const places = placesOf([1, 0.25, null, 12.5]);
    expect(places).toBe(2);
    expect([1, 0.25, 12.5].map((kwh) => formatNumber(kwh, 'en-GB', places))).toEqual(['1.00', '0.25', '12.50']);
    expect(placesOf([0.333333])).toBe(6);
    expect(placesOf([])).toBe(0);
  });
  it('a small share is not 0 %, nearly all is not 100 %', () => {
    expect(formatPercent(0.0332, 'en-GB')).toBe('3.3%');
    expect(formatPercent(0.00001, 'en-GB')).toBe('< 0.1%');
    expect(formatPercent(0, 'en-GB')).toBe('0%');
    expect(formatPercent(0.99999, 'en-GB')).toBe('> 99.9%');
    expect(formatPercent(1, 'en-GB')).toBe('100%');
  });
});

describe('times', () => {
  it('are the site’s', () => {
    expect(plain(formatInstant('2025-02-20T00:30:00+08:00', 'Asia/Singapore', 'en-GB'))).toBe('20 Feb 2025, 00:30');
    expect(plain(formatInstant('2025-02-19T16:30:00Z', 'Asia/Singapore', 'zh-CN'))).toBe('2025年2月20日 00:30');
  });
  it.each([
    ['2012-10-28T00:30:00Z', '28 Oct 2012, 01:30 UTC+1'],
    ['2012-10-28T01:30:00Z', '28 Oct 2012, 01:30 UTC+0'],
    ['2012-10-29T01:30:00Z', '29 Oct 2012, 01:30'],
  ])('of %s have their offset on a day when it changes', (iso, said) => {
    expect(plain(formatInstant(iso, 'Europe/London', 'en-GB'))).toBe(said);
  });
  it.each([
    ['2012-10-28T00:00:00Z', '2012-10-28T00:30:00Z', '28 Oct 2012, 01:00–01:30 UTC+1', '2012年10月28日 01:00–01:30 UTC+1'],
    ['2012-10-28T01:00:00Z', '2012-10-28T01:30:00Z', '28 Oct 2012, 01:00–01:30 UTC+0', '2012年10月28日 01:00–01:30 UTC+0'],
    ['2012-10-28T00:30:00Z', '2012-10-28T01:00:00Z', '28 Oct 2012, 01:30 UTC+1 – 01:00 UTC+0', '2012年10月28日 01:30 UTC+1 – 01:00 UTC+0'],
    ['2012-10-29T23:30:00Z', '2012-10-30T00:00:00Z', '29 Oct 2012, 23:30–24:00', '2012年10月29日 23:30–24:00'],
  ])('span from %s to %s', (from, to, english, chinese) => {
    const said = (locale: 'en-GB' | 'zh-CN') => plain(formatClockRange(from, to, 'Europe/London', locale)).replace(/\u2060/g, '');
    expect([said('en-GB'), said('zh-CN')]).toEqual([english, chinese]);
  });
  it('midnight begins a day', () => {
    expect(plain(formatInstant('2025-02-21T00:00:00+08:00', 'Asia/Singapore', 'en-GB'))).toBe('21 Feb 2025, 00:00');
  });
  it('ranges name both days', () => {
    expect(plain(formatDays('2025-02-01', '2025-02-28', 'en-GB'))).toMatch(/^1 ?– ?28 Feb 2025$/);
    expect(plain(formatDays('2024-12-30', '2025-01-02', 'zh-CN'))).toBe('2024年12月30日至2025年1月2日');
  });
  it.each([
    ['2025-02-20T11:59:40Z', 'this minute'],
    ['2025-02-20T11:43:00Z', '17 minutes ago'],
    ['2025-02-20T02:00:00Z', '10 hours ago'],
    ['2025-02-11T02:00:00Z', '9 days ago'],
    ['2024-02-20T12:00:00Z', '12 months ago'],
    ['2014-02-28T12:00:00Z', '10 years ago'],
  ])('age of %s', (iso, age) => {
    expect(formatAge(iso, new Date('2025-02-20T12:00:00Z'), 'en-GB')).toBe(age);
  });
});
