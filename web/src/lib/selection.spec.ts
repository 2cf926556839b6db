import { describe, expect, it } from 'vitest';
import { PERIODS, parseSelection, planFor, selectionLink, spanBeforeLatest, spanWithin, stepForDays } from './selection';

const parse = (search: string) => parseSelection(new URLSearchParams(search));

describe('the link', () => {
  it.each([
    'meter=100000001&period=30m',
    'meter=100000001&period=1y&channel=export',
    'meter=000000001&first=2025-02-01&last=2025-02-28',
    'period=1d',
  ])('keeps %s', (search) => {
    expect(selectionLink(parse(search))).toBe(`/query/?${search}`);
  });
  it.each([
    ['nothing', ''],
    ['an unknown period', 'period=2d'],
  ])('starts the form with the day for %s', (_name, search) => {
    expect(parse(search).span).toEqual({ kind: 'period', period: '1d' });
  });
  it('keeps days as they are written, for the form to correct', () => {
    expect(parse('first=2025-02-30').span).toEqual({ kind: 'days', first: '2025-02-30', last: '' });
  });
});

describe('the question for the API', () => {
  const now = new Date('2025-02-20T12:47:31Z'); // 20:47 in Singapore
  const latest = new Date('2025-02-20T12:00:00Z');
  const plan = (period: (typeof PERIODS)[number]) => planFor({ kind: 'period', period }, now, 'Asia/Singapore', latest);

  it('ends at the newest reading for the latest half-hour', () => {
    expect(plan('30m')).toEqual({ from: '2025-02-20T11:30:00Z', to: '2025-02-20T12:00:00Z', step: '30min' });
    expect(planFor({ kind: 'period', period: '30m' }, now, 'Asia/Singapore', null)).toBeNull();
  });
  it('is 24 hours of half-hours, 7 and 30 local days, 12 local months', () => {
    expect(plan('1d')).toEqual({ from: '2025-02-19T12:30:00Z', to: '2025-02-20T12:30:00Z', step: '30min' });
    expect(plan('1w')).toEqual({ from: '2025-02-14', to: '2025-02-21', step: 'day' });
    expect(plan('1m')).toEqual({ from: '2025-01-22', to: '2025-02-21', step: 'day' });
    expect(plan('1y')).toEqual({ from: '2024-03-01', to: '2025-03-01', step: 'month' });
  });
  it('is of the half-hours of the site’s clock, also where they are none of UTC’s', () => {
    const day = planFor({ kind: 'period', period: '1d' }, now, 'Asia/Kathmandu', latest); // 18:32 there
    expect(day).toEqual({ from: '2025-02-19T12:45:00Z', to: '2025-02-20T12:45:00Z', step: '30min' });
  });
  it('takes today from the site, not from the browser', () => {
    const late = new Date('2025-02-20T17:00:00Z'); // the 21st in Singapore, the 20th in New York
    expect(planFor({ kind: 'period', period: '1w' }, late, 'Asia/Singapore', latest)).toMatchObject({ to: '2025-02-22' });
  });
  it('counts both days of a range', () => {
    const span = { kind: 'days', first: '2025-02-01', last: '2025-02-28' } as const;
    expect(planFor(span, now, 'Asia/Singapore', null)).toEqual({ from: '2025-02-01', to: '2025-03-01', step: 'day' });
  });
  it.each([
    [1, '30min'],
    [2, '30min'],
    [3, 'day'],
    [92, 'day'],
    [93, 'month'],
    [1098, 'month'],
    [1099, 'year'],
  ])('%i days are shown by %s', (days, step) => {
    expect(stepForDays(days)).toBe(step);
  });
});

it('a bar of days leads to those days', () => {
  expect(spanWithin('month', '2025-02-01', '2025-03-01')).toEqual({ kind: 'days', first: '2025-02-01', last: '2025-02-28' });
  expect(spanWithin('day', '2025-02-01', '2025-02-02')).toEqual({ kind: 'days', first: '2025-02-01', last: '2025-02-01' });
  expect(spanWithin('30min', '2025-02-01', '2025-02-01')).toBeNull();
});

it('the time before the newest reading ends on its day, a 00:00 reading closing the day before', () => {
  const latest = new Date('2014-02-28T00:00:00Z');
  expect(spanBeforeLatest('1d', latest, 'Europe/London')).toEqual({ kind: 'days', first: '2014-02-27', last: '2014-02-27' });
  expect(spanBeforeLatest('1w', latest, 'Europe/London')).toEqual({ kind: 'days', first: '2014-02-21', last: '2014-02-27' });
});
