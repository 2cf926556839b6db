import { expect, it } from 'vitest';
import { barsOf } from '../../lib/bars';
import { en } from '../../lib/i18n/en';
import { zh } from '../../lib/i18n/zh';
import { sampleAnswer, sampleValue } from '../../lib/sample-answer';
import { notesOf, qualityOf, tooltipNotes } from './bar-notes';

const later = new Date('2025-03-01T00:00:00Z');
const day = sampleValue('2025-02-20T00:00:00+08:00', '2025-02-21T00:00:00+08:00', 5, 'estimated');
const month = sampleValue('2025-02-01T00:00:00+08:00', '2025-03-01T00:00:00+08:00', 5, 'actual');
const values = [
  { ...day, expected: 48, found: 45, estimated: 4 },
  { ...day, expected: 48, found: 36, estimated: 0, covered_to: '2025-02-20T18:00:00+08:00' },
  { ...month, expected: 1344, found: 640, covered_from: '2025-02-14T12:30:00+08:00' },
];
const bars = barsOf(sampleAnswer({ step: 'day', values }), 'Asia/Singapore', 'en-GB', later);

it('tells what the table says of each value', () => {
  expect(bars.map((bar) => notesOf(bar, en, 'en-GB'))).toEqual([
    { readings: '45 of 48', estimated: '4\u00a0estimated', counts: '45\u00a0of\u00a048 readings, 4\u00a0estimated', covered: '' },
    { readings: '36 of 48', estimated: '', counts: '36\u00a0of\u00a048 readings', covered: 'Covers only 00:00–\u206018:00' },
    {
      readings: '640 of 1,344',
      estimated: '',
      counts: '640\u00a0of\u00a01,344 readings',
      covered: 'Covers only 14 Feb 12:30 – 1 Mar 00:00',
    },
  ]);
});

it('tells it beside the pointer, in both languages', () => {
  expect(bars.slice(0, 2).map((bar) => tooltipNotes(bar, en, 'en-GB'))).toEqual([
    ['45 of 48 readings', '4\u00a0estimated'],
    ['36 of 48 readings', 'Covers only 00:00–\u206018:00'],
  ]);
  expect(tooltipNotes(bars[0]!, zh, 'zh-CN')).toEqual(['应有 48\u00a0个读数，已收到 45\u00a0个', '估算\u00a04\u00a0个']);
  expect(tooltipNotes(bars[1]!, zh, 'zh-CN')[1]).toBe('仅含 00:00–\u206018:00');
});

it('leaves the counts of a single interval to its quality', () => {
  const [actual] = barsOf(sampleAnswer(), 'Asia/Singapore', 'en-GB', later);
  expect(tooltipNotes(actual!, en, 'en-GB')).toEqual([]);
  expect(notesOf(actual!, en, 'en-GB').counts).toBe('');
});

it('says “partly” only where a part is estimated', () => {
  const [some] = bars;
  expect([some!, { ...some!, estimated: 48 }].map((bar) => qualityOf(bar, en))).toEqual(['Partly estimated', 'Estimated']);
  expect([some!, { ...some!, estimated: 48 }].map((bar) => qualityOf(bar, zh))).toEqual(['部分为估算', '估算']);
  expect(qualityOf({ ...some!, kwh: null, expected: 0, basis: 'missing' }, en)).toBe('Nothing expected');
});
