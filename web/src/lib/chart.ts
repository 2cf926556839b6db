// The bar chart's options. Bars start from zero; an estimate is hatched, never told by colour alone; a gap has no bar but an
// empty frame as high as the chart, so that it is not taken for a zero; what is still to come a shaded one.

import type { EChartsCoreOption } from 'echarts/core';
import { isUnexpected, type Bar, type Basis } from './bars';

export interface Palette {
  text: string;
  muted: string;
  line: string;
  surface: string;
  sunken: string;
  bar: string;
  barEstimated: string;
  barSuspect: string;
  hatch: string;
}

export interface ChartWords {
  kwh: string;
  quality: (bar: Bar) => string;
  notes: (bar: Bar) => string[]; // how complete it is
}

export interface ChartLook {
  palette: Palette;
  words: ChartWords;
  width: number;
  animate: boolean;
  font: string;
  format: (kwh: number) => string;
}

const NO_DECAL = { symbol: 'none' };

function decal(basis: Basis, palette: Palette): unknown {
  const stripes = { symbol: 'rect', dashArrayX: [1, 0], color: palette.hatch };
  if (basis === 'spread') return { ...stripes, dashArrayY: [2, 6], color: palette.surface };
  if (basis === 'estimated') return { ...stripes, dashArrayY: [2, 4], rotation: -Math.PI / 4 };
  if (basis === 'suspect') return { symbol: 'circle', dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], symbolSize: 0.7, color: palette.hatch };
  return NO_DECAL;
}

function barColor(basis: Basis, palette: Palette): string {
  if (basis === 'estimated') return palette.barEstimated;
  return basis === 'suspect' ? palette.barSuspect : palette.bar;
}

// The energy as the API gave it: nothing is added up, rounded or filled in here.
export function barData(bars: readonly Bar[], palette: Palette): unknown[] {
  return bars.map((bar) =>
    bar.kwh === null
      ? { value: '-' }
      : { value: bar.kwh, itemStyle: { color: barColor(bar.basis, palette), decal: decal(bar.basis, palette) } },
  );
}

// 1 of a hidden axis from 0 to 1: what was expected and is not there.
export function gapData(bars: readonly Bar[], palette: Palette): unknown[] {
  return bars.map((bar) => {
    if (bar.kwh !== null || isUnexpected(bar)) return '-';
    return bar.basis === 'due' ? { value: 1, itemStyle: { color: palette.sunken, borderType: 'dotted' } } : 1;
  });
}

const BAR_WIDTH = { barCategoryGap: '22%', barMaxWidth: 48, emphasis: { disabled: true } };

function series(bars: readonly Bar[], palette: Palette): unknown[] {
  return [
    { ...BAR_WIDTH, type: 'bar', data: barData(bars, palette), itemStyle: { borderRadius: [2, 2, 0, 0], decal: NO_DECAL } },
    {
      ...BAR_WIDTH,
      type: 'bar',
      yAxisIndex: 1,
      barGap: '-100%', // in the place of the bar that is not there
      silent: true,
      data: gapData(bars, palette),
      itemStyle: { color: 'transparent', borderColor: palette.muted, borderType: 'dashed', borderWidth: 1, decal: NO_DECAL },
    },
  ];
}

const LABEL_WIDTH_PX = 58;

// Which bars are named beneath the axis: as many as fit, for half-hours at round hours.
export function axisLabelShown(bars: readonly Bar[], width: number): (index: number) => boolean {
  const room = Math.max(2, Math.floor(width / LABEL_WIDTH_PX));
  const isClock = bars.every((bar) => /^\d{2}:\d{2}$/.test(bar.axis));
  if (isClock && bars.length > room) {
    const hours = [1, 2, 3, 6, 12, 24].find((step) => bars.filter((bar) => isRoundHour(bar.axis, step)).length <= room) ?? 24;
    return (index) => isRoundHour(bars[index]?.axis ?? '', hours);
  }
  const every = Math.ceil(bars.length / room);
  return (index) => index % every === 0;
}

function isRoundHour(clock: string, step: number): boolean {
  return clock.endsWith(':00') && Number(clock.slice(0, 2)) % step === 0;
}

function tooltipText(bar: Bar | undefined, look: ChartLook): string {
  if (!bar) return '';
  const { words } = look;
  if (isUnexpected(bar)) return `${bar.label}\n${words.quality(bar)}`;
  const energy = bar.kwh === null ? [] : [`{value|${look.format(bar.kwh)} ${words.kwh}}`];
  return [bar.label, ...energy, words.quality(bar), ...words.notes(bar)].join('\n');
}

export function chartOption(bars: readonly Bar[], look: ChartLook): EChartsCoreOption {
  const { palette } = look;
  const text = { color: palette.muted, fontFamily: look.font, fontSize: 12 };
  return {
    animation: look.animate,
    animationDuration: 250,
    // Decals are drawn only with this on. The label is the page's own: see UsageChart.svelte.
    aria: { enabled: true, label: { enabled: false }, decal: { show: true, decals: [NO_DECAL] } },
    textStyle: { fontFamily: look.font },
    grid: { left: 4, right: 8, top: 30, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      data: bars.map((bar) => (bar.axisBelow ? `${bar.axis}\n${bar.axisBelow}` : bar.axis)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.muted } },
      axisLabel: { ...text, lineHeight: 16, interval: axisLabelShown(bars, look.width - 60), hideOverlap: true },
    },
    yAxis: [
      {
        type: 'value',
        min: 0,
        name: look.words.kwh,
        nameTextStyle: { ...text, align: 'left' },
        axisLabel: text,
        splitNumber: 4,
        splitLine: { lineStyle: { color: palette.line } },
      },
      { type: 'value', min: 0, max: 1, show: false },
    ],
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      confine: true,
      axisPointer: { type: 'shadow', shadowStyle: { color: palette.line, opacity: 0.4 } },
      backgroundColor: palette.surface,
      borderColor: palette.line,
      borderWidth: 1,
      padding: 10,
      textStyle: { ...text, lineHeight: 20, rich: { value: { color: palette.text, fontSize: 16, fontWeight: 600, lineHeight: 26, fontFamily: look.font } } },
      formatter: (points: { dataIndex: number }[]) => tooltipText(bars[points[0]?.dataIndex ?? -1], look),
    },
    series: series(bars, palette),
  };
}
