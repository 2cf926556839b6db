// How complete a value is, in words: what the table says in its cells and the chart beside the pointer.

import { isUnexpected, type Bar } from '../../lib/bars';
import { formatNumber, type Locale } from '../../lib/format';
import type { Messages } from '../../lib/i18n/en';

export interface BarNotes {
  readings: string; // '47 of 48'
  estimated: string; // '2 estimated'; empty where none is
  covered: string; // the part it is for; empty where that is all of it
  counts: string; // readings and estimated in one, where there is no room for a column; empty for a single interval
}

// What a value rests on: estimated in part only where some of its readings are there.
export function qualityOf(bar: Bar, messages: Messages): string {
  const said = messages.query;
  if (isUnexpected(bar)) return said.nothingExpected;
  if (bar.basis === 'estimated' && bar.estimated < bar.expected) return said.partlyEstimated;
  return said.basis[bar.basis];
}

type Counts = Pick<Bar, 'expected' | 'found' | 'estimated'>;

export function notesOf(about: Counts & { covered?: string | null }, messages: Messages, locale: Locale): BarNotes {
  const said = messages.query;
  const number = (count: number) => formatNumber(count, locale);
  const readings = { found: number(about.found), expected: number(about.expected) };
  const estimated = about.estimated > 0 ? said.estimatedCell({ count: number(about.estimated) }) : '';
  return {
    readings: said.readingsCell(readings),
    estimated,
    counts: about.expected > 1 ? [said.readingsCounted(readings), estimated].filter((note) => note !== '').join(said.comma) : '',
    covered: about.covered ? said.coveredCell({ part: about.covered }) : '',
  };
}

// A value of one interval needs no counts: its quality says as much.
export function tooltipNotes(bar: Bar, messages: Messages, locale: Locale): string[] {
  const { found, expected } = bar;
  const number = (count: number) => formatNumber(count, locale);
  const { estimated, covered } = notesOf(bar, messages, locale);
  const counts = [messages.query.readingsFound({ found: number(found), expected: number(expected) }), estimated];
  return [...(expected > 1 ? counts : []), covered].filter((note) => note !== '');
}
