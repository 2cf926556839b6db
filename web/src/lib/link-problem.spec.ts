import { describe, expect, it } from 'vitest';
import { knownFor, linkProblem } from './link-problem';

const problem = (search: string) => linkProblem(new URLSearchParams(search));

describe('a link', () => {
  it.each(['', 'meter=100000001', 'meter=12&period=1y&channel=export', 'first=2025-02-01&last=2025-02-01', 'channel=import'])(
    'can be asked: %s',
    (search) => expect(problem(search)).toBeNull(),
  );
  it.each([
    ['first=2026-03-10&last=2026-03-01', { kind: 'order', first: '2026-03-10', last: '2026-03-01' }],
    ['first=2025-02-30&last=2025-03-01', { kind: 'date', text: '2025-02-30' }],
    ['first=2025-02-01&last=yesterday', { kind: 'date', text: 'yesterday' }],
    ['first=2025-02-01', { kind: 'pair' }],
    ['first=&last=', { kind: 'pair' }],
    ['period=zz', { kind: 'period', text: 'zz' }],
    ['period=', { kind: 'period', text: '' }],
    ['channel=both', { kind: 'channel', text: 'both' }],
    ['from=2026-03-10&to=2026-03-12', { kind: 'name', text: 'from' }],
    ['meter=100000001&Period=1y', { kind: 'name', text: 'Period' }],
  ])('cannot be asked: %s', (search, wrong) => expect(problem(search)).toEqual(wrong));
  it('names what is known', () => {
    expect(knownFor({ kind: 'name', text: 'from' })).toContain('first');
    expect(knownFor({ kind: 'period', text: 'zz' })).toEqual(['30m', '1d', '1w', '1m', '1y']);
    expect(knownFor({ kind: 'pair' })).toEqual([]);
  });
});
