// How the chart looks here and now: the tokens of app.css, the width there is, the reader's language.

import type { ChartLook } from '../../lib/chart';
import { formatNumber, type Locale } from '../../lib/format';
import type { Messages } from '../../lib/i18n/en';
import { qualityOf, tooltipNotes } from './bar-notes';

export function chartLook(
  element: HTMLElement,
  width: number,
  messages: Messages,
  locale: Locale,
  places: number,
): ChartLook {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    palette: {
      text: token('--text'),
      muted: token('--muted'),
      line: token('--line'),
      surface: token('--surface'),
      sunken: token('--sunken'),
      bar: token('--bar'),
      barEstimated: token('--bar-estimated'),
      barSuspect: token('--bar-suspect'),
      hatch: token('--hatch'),
    },
    words: {
      kwh: messages.common.kwh,
      quality: (bar) => qualityOf(bar, messages),
      notes: (bar) => tooltipNotes(bar, messages, locale),
    },
    width,
    animate: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    font: style.fontFamily,
    format: (kwh) => formatNumber(kwh, locale, places),
  };
}
