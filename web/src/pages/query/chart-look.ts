// How the chart looks here and now: the tokens of app.css, the width there is, the reader's language.

import type { ChartLook } from '../../lib/chart';
import { formatNumber, type Locale } from '../../lib/format';
import type { Messages } from '../../lib/i18n/en';
import { tooltipNotes } from './bar-notes';

export function chartLook(element: HTMLElement, width: number, messages: Messages, locale: Locale): ChartLook {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    palette: {
      text: token('--text'),
      muted: token('--muted'),
      line: token('--line'),
      surface: token('--surface'),
      bar: token('--bar'),
      barEstimated: token('--bar-estimated'),
      barSuspect: token('--bar-suspect'),
      hatch: token('--hatch'),
    },
    words: {
      kwh: messages.common.kwh,
      basis: messages.query.basis,
      nothingExpected: messages.query.nothingExpected,
      notes: (bar) => tooltipNotes(bar, messages, locale),
    },
    width,
    animate: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    font: style.fontFamily,
    format: (kwh) => formatNumber(kwh, locale),
  };
}
