import { describe, expect, it } from 'vitest';
import { FIRST_DAY, knownFor, LAST_DAY, linkProblem } from './link-problem';

const problem = (search: string) => linkProblem(new URLSearchParams(search));

describe('a link', () => {
  it.each(['', 'meter=100000001', 'meter=12&period=1y&channel=export', 'first=2025-02-01&last=2025-02-01', 'channel=import', `first=${FIRST_DAY}&last=${LAST_DAY}`])(
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
    ['first=1970-01-01&last=2025-03-01', { kind: 'range', day: '1970-01-01' }],
    ['first=2025-03-01&last=2106-02-06', { kind: 'range', day: '2106-02-06' }],
    ['first=0001-01-01&last=9999-12-31', { kind: 'range', day: '0001-01-01' }],
    ['first=1969-12-31', { kind: 'range', day: '1969-12-31' }],
    ['from=2026-03-10&to=2026-03-12', { kind: 'name', text: 'from' }],
    ['meter_id=100000001', { kind: 'name', text: 'meter_id' }],
    ['metre=100000001', { kind: 'name', text: 'metre' }],
    ['Meter=100000001', { kind: 'name', text: 'Meter' }],
    ['meters=100000001', { kind: 'name', text: 'meters' }],
    ['meter=100000001&Period=1y', { kind: 'name', text: 'Period' }],
    ['meter=100000001&perod=1y', { kind: 'name', text: 'perod' }],
    ['meter=100000001&fist=2026-03-10&last=2026-03-12', { kind: 'name', text: 'fist' }],
    ['meter=100000001&chanel=export', { kind: 'name', text: 'chanel' }],
  ])('cannot be asked: %s', (search, wrong) => expect(problem(search)).toEqual(wrong));
  it.each([
    'utm_source=mail&utm_medium=letter&period=1d',
    'meter=100000001&period=1d&from=singlemessage', // what a messenger adds
    'meter=100000001&period=1d&fbclid=IwAR0&t=1719999999',
    'meter=100000001&list=PL4x&__proto__=1&constructor=1', // nearly `last`, but no day
    'meter=100000001&metre=100000002', // the part is there
  ])('can be asked, whatever others added to it: %s', (search) => expect(problem(search)).toBeNull());
  it('names what is known', () => {
    expect(knownFor({ kind: 'name', text: 'from' })).toContain('first');
    expect(knownFor({ kind: 'period', text: 'zz' })).toEqual(['30m', '1d', '1w', '1m', '1y']);
    expect(knownFor({ kind: 'pair' })).toEqual([]);
  });
});
