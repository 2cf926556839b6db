// The bar chart's options. Bars start from zero; an estimate is hatched, never told by colour alone; a gap stays empty.

import type { EChartsCoreOption } from 'echarts/core';
import type { Quality } from './api';
import { isUnexpected, type Bar } from './bars';

export interface Palette {
  text: string;
  muted: string;
  line: string;
  surface: string;
  bar: string;
  barEstimated: string;
  barSuspect: string;
  hatch: string;
}

export interface ChartWords {
  kwh: string;
  quality: Record<Quality, string>;
  nothingExpected: string;
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

function decal(quality: Quality, palette: Palette): unknown {
  const stripes = { symbol: 'rect', dashArrayX: [1, 0], color: palette.hatch };
  if (quality === 'estimated') return { ...stripes, dashArrayY: [2, 4], rotation: -Math.PI / 4 };
  if (quality === 'suspect') return { symbol: 'circle', dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], symbolSize: 0.7, color: palette.hatch };
  return NO_DECAL;
}

function barColor(quality: Quality, palette: Palette): string {
  if (quality === 'estimated') return palette.barEstimated;
  return quality === 'suspect' ? palette.barSuspect : palette.bar;
}

// The energy as the API gave it: nothing is added up, rounded or filled in here.
export function barData(bars: readonly Bar[], palette: Palette): unknown[] {
  return bars.map((bar) =>
    bar.kwh === null
      ? { value: '-' }
      : { value: bar.kwh, itemStyle: { color: barColor(bar.quality, palette), decal: decal(bar.quality, palette) } },
  );
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
  if (isUnexpected(bar)) return `${bar.label}\n${words.nothingExpected}`;
  const energy = bar.kwh === null ? [] : [`{value|${look.format(bar.kwh)} ${words.kwh}}`];
  return [bar.label, ...energy, words.quality[bar.quality], ...words.notes(bar)].join('\n');
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
    yAxis: {
      type: 'value',
      min: 0,
      name: look.words.kwh,
      nameTextStyle: { ...text, align: 'left' },
      axisLabel: text,
      splitNumber: 4,
      splitLine: { lineStyle: { color: palette.line } },
    },
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
    series: [
      {
        type: 'bar',
        data: barData(bars, palette),
        barCategoryGap: '22%',
        barMaxWidth: 48,
        itemStyle: { borderRadius: [2, 2, 0, 0], decal: NO_DECAL },
        emphasis: { disabled: true },
      },
    ],
  };
}
