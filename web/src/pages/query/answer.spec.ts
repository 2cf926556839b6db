import { describe, expect, it } from 'vitest';
import type { Consumption } from '../../lib/api';
import { en } from '../../lib/i18n/en';
import { zh } from '../../lib/i18n/zh';
import { sampleAnswer, sampleValue } from '../../lib/sample-answer';
import type { Span } from '../../lib/selection';
import { coverageOf, spanPhrase, trustOf } from './answer';

const later = new Date('2025-03-01T00:00:00Z');
const from = '2025-02-20T00:00:00+08:00';
const to = '2025-02-20T02:00:00+08:00';
const value = sampleValue(from, to, 1, 'actual');

function answer(completeness: Partial<Consumption['completeness']>, rest: Partial<Consumption> = {}): Consumption {
  const whole = { expected: 4, found: 4, estimated: 0, estimated_kwh: 0, covered_from: from, covered_to: to };
  return sampleAnswer({ values: [value], ...rest, completeness: { ...whole, ...completeness } });
}

describe('how far the number can be trusted', () => {
  const at = (clock: string) => new Date(`2025-02-20T${clock}+08:00`);
  it.each([
    ['all there', answer({}), later, 'complete'],
    ['an end was interpolated', answer({ found: 3, estimated: 2 }, { quality: 'estimated' }), later, 'partly-estimated'],
    ['every interval is estimated', answer({ found: 0, estimated: 4 }, { quality: 'estimated' }), later, 'estimated'],
    ['all of its energy is', answer({ estimated: 3, estimated_kwh: 1.025001 }, { quality: 'estimated' }), later, 'estimated'],
    ['nearly all of its energy is', answer({ estimated: 3, estimated_kwh: 1.025 }, { quality: 'estimated' }), later, 'partly-estimated'],
    ['a gap inside, both ends read', answer({ found: 3, estimated: 2 }), later, 'exact'],
    ['the same, most of it inside the gap', answer({ found: 2, estimated: 3, estimated_kwh: 0.9 }), later, 'mostly-spread'],
    ['a register went backwards', answer({}, { quality: 'suspect' }), later, 'suspect'],
    ['no total', answer({ covered_from: null, covered_to: null }, { total: null }), later, 'incomplete'],
    ['one reading on its way', answer({ found: 3, covered_to: '2025-02-20T01:30:00+08:00' }), at('02:10:00'), 'complete-so-far'],
    [
      'the same long ago: it never came',
      answer({ found: 3, covered_to: '2025-02-20T01:30:00+08:00' }, { values: [value, { ...value, consumption: null }] }),
      later,
      'incomplete',
    ],
    [
      'a value is covered in part, and the meter fell silent',
      answer({ found: 2, covered_to: '2025-02-20T01:00:00+08:00' }),
      later,
      'incomplete',
    ],
    ['the range runs on into the future', answer({ expected: 2, found: 2, covered_to: '2025-02-20T01:00:00+08:00' }), at('01:10:00'), 'complete'],
    ['before the meter was there', answer({ expected: 2, found: 2, covered_from: '2025-02-20T01:00:00+08:00' }), later, 'complete'],
  ] as const)('%s', (_name, given, now, trust) => {
    expect(trustOf(given, now)).toBe(trust);
  });
  it('says what it covers', () => {
    expect(coverageOf(answer({}), later)).toBe('whole');
    expect(coverageOf(answer({ covered_to: '2025-02-20T01:00:00+08:00' }), at('01:10:00'))).toBe('so-far');
    expect(coverageOf(answer({ covered_to: '2025-02-20T01:00:00+08:00' }), later)).toBe('part');
    expect(coverageOf(answer({ covered_from: '2025-02-20T01:00:00+08:00' }), later)).toBe('part');
  });
});

describe('the words for the time', () => {
  const english = { timezone: 'Asia/Singapore', locale: 'en-GB', messages: en, now: later } as const;
  const chinese = { timezone: 'Asia/Singapore', locale: 'zh-CN', messages: zh, now: later } as const;
  const said = (span: Span, reader: typeof english | typeof chinese, given = answer({})) =>
    spanPhrase(span, given, reader).replace(/[\s\u2009]/g, ' ').replace(/\u2060/g, '');
  const days = { kind: 'days', first: '2025-02-20', last: '2025-02-20' } as const;

  it('a half-hour, a day, a range', () => {
    expect(said({ kind: 'period', period: '30m' }, english)).toBe('in the latest half-hour, 20 Feb 2025, 00:00–02:00');
    expect(said({ kind: 'period', period: '1d' }, english)).toBe('in the 24 hours up to 20 Feb 2025, 02:00');
    expect(said(days, english)).toBe('on 20 Feb 2025');
    const month = answer({}, { from: '2025-02-01T00:00:00+08:00', to: '2025-03-01T00:00:00+08:00' });
    expect(said({ ...days, first: '2025-02-01' }, english, month)).toBe('from 1 Feb to 28 Feb 2025');
    const now = new Date('2025-02-20T17:00:00Z'); // the 21st at the site
    expect(said({ kind: 'period', period: '1y' }, { ...english, now }, month)).toMatch(/^in the last 12 months, 1 ?– ?21 Feb 2025$/);
    expect(said({ kind: 'period', period: '1y' }, { ...chinese, now }, month)).toBe('最近 12 个月（2025年2月1日至2月21日）');
    expect(said({ ...days, first: '2025-02-01' }, chinese, month)).toBe('2025年2月1日至2月28日');
  });
});
