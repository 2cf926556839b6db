import { describe, expect, it } from 'vitest';
import { barsOf, basesIn, tallest } from './bars';
import { axisLabelShown, barData, chartOption, gapData, type ChartLook, type Palette } from './chart';
import { sampleAnswer, sampleValue } from './sample-answer';

const palette: Palette = {
  text: '#000', muted: '#555', line: '#ddd', surface: '#fff', sunken: '#eee', bar: '#0a0', barEstimated: '#afa', barSuspect: '#fa0', hatch: '#050',
};
const basisWords = { actual: 'A', spread: 'P', estimated: 'E', suspect: 'S', missing: 'M', due: 'D' };
const look: ChartLook = {
  palette,
  words: { kwh: 'kWh', quality: (bar) => basisWords[bar.basis], notes: (bar) => [`${bar.found}/${bar.expected}`] },
  width: 800,
  animate: false,
  font: 'sans-serif',
  format: String,
};
const later = new Date('2025-03-01T00:00:00Z');
const bars = barsOf(sampleAnswer(), 'Asia/Singapore', 'en-GB', later);

describe('bars', () => {
  it('carry the API’s numbers untouched, and a gap as a gap', () => {
    expect(bars.map((bar) => bar.kwh)).toEqual([0.25, 0.525001, null, 0]);
  });
  it('are named by the site’s clock', () => {
    expect(bars.map((bar) => bar.axis)).toEqual(['00:00', '00:30', '01:00', '01:30']);
    expect(bars.map((bar) => bar.axisBelow)).toEqual(['20 Feb', '', '', '']);
    expect(bars[0]?.label).toBe('20 Feb 00:00–\u206000:30');
  });
  it('end the day at 24:00', () => {
    const values = [sampleValue('2025-02-20T23:30:00+08:00', '2025-02-21T00:00:00+08:00', 1, 'actual')];
    expect(barsOf(sampleAnswer({ values }), 'Asia/Singapore', 'en-GB', later)[0]?.label).toBe('20 Feb 23:30–\u206024:00');
  });
  it.each([
    ['2012-10-28T00:30:00Z', '2012-10-28T01:00:00Z', '28 Oct 01:30 UTC+1 – 01:00 UTC+0'],
    ['2012-10-28T01:00:00Z', '2012-10-28T01:30:00Z', '28 Oct 01:00–01:30 UTC+0'],
    ['2012-10-27T23:00:00Z', '2012-10-27T23:30:00Z', '28 Oct 00:00–00:30 UTC+1'],
    ['2012-10-28T23:30:00Z', '2012-10-29T00:00:00Z', '28 Oct 23:30–24:00 UTC+0'],
    ['2013-03-31T00:30:00Z', '2013-03-31T01:00:00Z', '31 Mar 00:30 UTC+0 – 02:00 UTC+1'],
    ['2012-10-29T00:00:00Z', '2012-10-29T00:30:00Z', '29 Oct 00:00–00:30'],
    ['2012-10-27T22:30:00Z', '2012-10-27T23:00:00Z', '27 Oct 23:30–24:00'],
  ])('from %s name the offset on a day when it changes', (from, to, label) => {
    const [bar] = barsOf(sampleAnswer({ values: [sampleValue(from, to, 1, 'actual')] }), 'Europe/London', 'en-GB', later);
    expect(bar?.label.replace(/\u2060/g, '')).toBe(label);
  });
  it('show beneath the axis where the offset changes', () => {
    const values = ['2012-10-28T00:30:00Z', '2012-10-28T01:00:00Z', '2012-10-28T01:30:00Z'].map((from) =>
      sampleValue(from, new Date(Date.parse(from) + 1_800_000).toISOString(), 1, 'actual'),
    );
    const below = barsOf(sampleAnswer({ values }), 'Europe/London', 'en-GB', later).map((bar) => bar.axisBelow);
    expect(below).toEqual(['', 'UTC+0', '']);
  });
  it('name whole months as months and cut ones by their days', () => {
    const values = [
      sampleValue('2025-01-15T00:00:00+08:00', '2025-02-01T00:00:00+08:00', 1, 'actual'),
      sampleValue('2025-02-01T00:00:00+08:00', '2025-03-01T00:00:00+08:00', 2, 'actual'),
    ];
    const [cut, whole] = barsOf(sampleAnswer({ step: 'month', values }), 'Asia/Singapore', 'en-GB', later);
    expect(cut?.label.replace(/\s/g, ' ')).toMatch(/^15 ?– ?31 Jan 2025$/);
    expect(whole?.label).toBe('February 2025');
    expect([cut?.axis, cut?.axisBelow, whole?.axis, whole?.axisBelow]).toEqual(['Jan', '2025', 'Feb', '']);
    expect(cut?.closer).toEqual({ kind: 'days', first: '2025-01-15', last: '2025-01-31' });
  });
  it('have a tallest, and the qualities that occur', () => {
    expect(tallest(bars)?.kwh).toBe(0.525001);
    expect(tallest([])).toBeNull();
    expect(basesIn(bars)).toEqual(['actual', 'estimated', 'suspect', 'missing']);
  });
  it('tell a measured sum whose inside is estimated from one that is measured all through', () => {
    const whole = { ...sampleValue('2025-02-20T00:00:00+08:00', '2025-02-21T00:00:00+08:00', 11, 'actual'), expected: 48 };
    const given = sampleAnswer({ step: 'day', values: [{ ...whole, found: 1, estimated: 48 }, { ...whole, found: 48 }] });
    const days = barsOf(given, 'Asia/Singapore', 'en-GB', later);
    expect(days.map((bar) => bar.basis)).toEqual(['spread', 'actual']);
    expect(basesIn(days)).toEqual(['actual', 'spread']);
    expect(barData(days, palette)[0]).toMatchObject({ itemStyle: { color: '#0a0', decal: { symbol: 'rect', color: '#fff' } } });
  });
  it('what was not expected is no gap', () => {
    const values = [{ ...sampleValue('2025-02-20T00:00:00+08:00', '2025-02-20T00:30:00+08:00', null, 'missing'), expected: 0 }];
    expect(gapData(barsOf(sampleAnswer({ values }), 'Asia/Singapore', 'en-GB', later), palette)).toEqual(['-']);
    expect(basesIn(barsOf(sampleAnswer({ values }), 'Asia/Singapore', 'en-GB', later))).toEqual([]);
  });
});

describe('a half-hour whose reading is still to come', () => {
  const values = ['00:00', '00:30', '01:00', '01:30'].map((clock, index) => {
    const from = Date.parse(`2025-02-20T${clock}:00+08:00`);
    const known = index < 2;
    const end = new Date(from + 1_800_000).toISOString();
    return sampleValue(new Date(from).toISOString(), end, known ? 0.5 : null, known ? 'actual' : 'missing');
  });
  const completeness = { ...sampleAnswer().completeness, found: 2, covered_to: '2025-02-20T01:00:00+08:00' };
  const given = sampleAnswer({ values, completeness });
  const at = (clock: string) => barsOf(given, 'Asia/Singapore', 'en-GB', new Date(`2025-02-20T${clock}:00+08:00`));

  it('is no gap, yet it stays one when it is too late', () => {
    expect(at('02:10').map((bar) => bar.basis)).toEqual(['actual', 'actual', 'due', 'due']);
    expect(basesIn(at('02:10'))).toEqual(['actual', 'due']);
    expect(at('09:00').map((bar) => bar.basis)).toEqual(['actual', 'actual', 'missing', 'missing']);
  });
  it('has a shaded frame of its own', () => {
    expect(gapData(at('02:10'), palette)[3]).toEqual({ value: 1, itemStyle: { color: '#eee', borderType: 'dotted' } });
    expect(gapData(at('09:00'), palette)[3]).toBe(1);
  });
});

describe('the chart', () => {
  it('starts from zero', () => {
    expect(chartOption(bars, look)).toMatchObject({ yAxis: [{ min: 0 }, { show: false }] });
  });
  it('hatches an estimate and leaves a gap empty', () => {
    const data = barData(bars, palette);
    expect(data[0]).toMatchObject({ value: 0.25, itemStyle: { decal: { symbol: 'none' } } });
    expect(data[1]).toMatchObject({ value: 0.525001, itemStyle: { color: '#afa', decal: { symbol: 'rect', color: '#050' } } });
    expect(data[2]).toEqual({ value: '-' });
    expect(gapData(bars, palette)).toEqual(['-', '-', 1, '-']);
    expect(data[3]).toMatchObject({ value: 0, itemStyle: { decal: { symbol: 'circle' } } });
  });
  it('tells energy, quality and completeness beside the pointer', () => {
    const { tooltip } = chartOption(bars, look) as { tooltip: { formatter: (points: { dataIndex: number }[]) => string } };
    const said = (dataIndex: number) => tooltip.formatter([{ dataIndex }]).split('\n').slice(1);
    expect(said(1)).toEqual(['{value|0.525001 kWh}', 'E', '1/1']);
    expect(said(2)).toEqual(['M', '0/1']);
  });
  it('names round hours when it is narrow, every bar when there is room', () => {
    const day = Array.from({ length: 48 }, (_, half) => ({
      ...bars[0]!,
      axis: `${String(Math.floor(half / 2)).padStart(2, '0')}:${half % 2 ? '30' : '00'}`,
    }));
    const named = (width: number) => day.filter((_, index) => axisLabelShown(day, width)(index)).map((bar) => bar.axis);
    expect(named(280)).toEqual(['00:00', '06:00', '12:00', '18:00']);
    expect(named(1000)).toHaveLength(12);
    expect(bars.filter((_, index) => axisLabelShown(bars, 400)(index))).toHaveLength(4);
  });
});
