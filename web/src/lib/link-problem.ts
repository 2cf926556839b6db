// What is wrong with a link to /query/. Such a link is not asked: its answer would be one for another time.

import { PERIODS, isPeriod } from './selection';
import { isLocalDate, type LocalDate } from './time';

export const LINK_NAMES = ['meter', 'period', 'first', 'last', 'channel'] as const;
export const CHANNELS = ['import', 'export'] as const;

export type LinkProblem =
  | { kind: 'name'; text: string } // a part of the link that no page knows
  | { kind: 'period'; text: string }
  | { kind: 'channel'; text: string }
  | { kind: 'pair' } // one day without the other
  | { kind: 'date'; text: string }
  | { kind: 'order'; first: LocalDate; last: LocalDate };

export function linkProblem(search: URLSearchParams): LinkProblem | null {
  for (const name of search.keys()) {
    if (!LINK_NAMES.some((known) => known === name)) return { kind: 'name', text: name };
  }
  const period = search.get('period');
  if (period !== null && !isPeriod(period)) return { kind: 'period', text: period };
  const channel = search.get('channel');
  if (channel !== null && !CHANNELS.some((known) => known === channel)) return { kind: 'channel', text: channel };
  return daysProblem(search.get('first') ?? '', search.get('last') ?? '', search.has('first') || search.has('last'));
}

function daysProblem(first: string, last: string, given: boolean): LinkProblem | null {
  if (!given) return null;
  for (const text of [first, last]) {
    if (text !== '' && !isLocalDate(text)) return { kind: 'date', text };
  }
  if (first === '' || last === '') return { kind: 'pair' };
  return first <= last ? null : { kind: 'order', first, last };
}

// What the notice lists as known, where a list helps.
export function knownFor(problem: LinkProblem): readonly string[] {
  if (problem.kind === 'name') return LINK_NAMES;
  if (problem.kind === 'period') return PERIODS;
  return problem.kind === 'channel' ? CHANNELS : [];
}
