// What is wrong with a link to /query/. Such a link is not asked: its answer would be one for another time. Parts that no page
// knows are left alone, as other programs add theirs to a link on its way.

import { checkMeterId } from './meter-id';
import { PERIODS, isPeriod } from './selection';
import { isLocalDate, type LocalDate } from './time';

export const LINK_NAMES = ['meter', 'period', 'first', 'last', 'channel'] as const;
export const CHANNELS = ['import', 'export'] as const;
type LinkName = (typeof LINK_NAMES)[number];

// The days that can be asked for in every time zone: instants are whole seconds from 1970 on in 32 bits.
export const FIRST_DAY: LocalDate = '1970-01-02';
export const LAST_DAY: LocalDate = '2106-02-05';

export type LinkProblem =
  | { kind: 'name'; text: string } // a slip of the pen in the name of a part
  | { kind: 'period'; text: string }
  | { kind: 'channel'; text: string }
  | DaysProblem;

export type DaysProblem =
  | { kind: 'pair' } // one day without the other
  | { kind: 'date'; text: string }
  | { kind: 'range'; day: LocalDate } // before FIRST_DAY or after LAST_DAY
  | { kind: 'order'; first: LocalDate; last: LocalDate };

export function linkProblem(search: URLSearchParams): LinkProblem | null {
  const slip = [...search].find(([name, value]) => isSlip(name, value, search));
  if (slip) return { kind: 'name', text: slip[0] };
  const period = search.get('period');
  if (period !== null && !isPeriod(period)) return { kind: 'period', text: period };
  const channel = search.get('channel');
  if (channel !== null && !isChannel(channel)) return { kind: 'channel', text: channel };
  if (!search.has('first') && !search.has('last')) return null;
  return daysProblem(search.get('first') ?? '', search.get('last') ?? '');
}

export function daysProblem(first: string, last: string): DaysProblem | null {
  for (const text of [first, last]) {
    if (text === '') continue;
    if (!isLocalDate(text)) return { kind: 'date', text };
    if (text < FIRST_DAY || text > LAST_DAY) return { kind: 'range', day: text };
  }
  if (first === '' || last === '') return { kind: 'pair' };
  return first <= last ? null : { kind: 'order', first, last };
}

function isChannel(text: string): boolean {
  return CHANNELS.some((known) => known === text);
}

const FITS: Record<LinkName, (value: string) => boolean> = {
  meter: (value) => checkMeterId(value).kind === 'valid',
  period: isPeriod,
  first: isLocalDate,
  last: isLocalDate,
  channel: isChannel,
};

// What the API calls the same.
const API_NAMES: Record<string, LinkName> = { meter_id: 'meter', from: 'first', to: 'last' };

// A name that is not known, yet stands for one that is missing here: nearly that name, with a value that fits it.
function isSlip(name: string, value: string, search: URLSearchParams): boolean {
  if (LINK_NAMES.some((known) => known === name)) return false;
  const written = name.toLowerCase();
  return LINK_NAMES.some((known) => {
    const meant = API_NAMES[written] === known || isNearly(written, known);
    return meant && !search.has(known) && FITS[known](value);
  });
}

// The same but for one letter left out, too many, wrong, or two changed about.
function isNearly(written: string, known: string): boolean {
  let start = 0;
  while (start < known.length && written[start] === known[start]) start += 1;
  const [a, b] = [written.slice(start), known.slice(start)];
  const swapped = a.slice(0, 2) === [...b.slice(0, 2)].reverse().join('') && a.slice(2) === b.slice(2);
  return a === b || swapped || a.slice(1) === b || a === b.slice(1) || a.slice(1) === b.slice(1);
}

// What the notice lists as known, where a list helps.
export function knownFor(problem: LinkProblem): readonly string[] {
  if (problem.kind === 'name') return LINK_NAMES;
  if (problem.kind === 'period') return PERIODS;
  return problem.kind === 'channel' ? CHANNELS : [];
}
