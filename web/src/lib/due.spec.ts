import { expect, it } from 'vitest';
import { readingsAfterNewest, readingsDue } from './due';
import { sampleAnswer } from './sample-answer';

const { completeness } = sampleAnswer(); // 00:00 to 02:00
const at = (clock: string) => new Date(`2025-02-20T${clock}:00+08:00`);
const coveredTo = (clock: string | null) =>
  sampleAnswer({ completeness: { ...completeness, covered_to: clock && `2025-02-20T${clock}:00+08:00` } });

it.each([
  ['all there', '02:00', '02:10', 0, 0],
  ['the last one on its way', '01:30', '02:10', 1, 1],
  ['the running half-hour is not over', '01:30', '01:50', 0, 0],
  ['four on their way', '00:00', '02:00', 4, 4],
  ['the same when the time asked for is long over', '00:00', '04:30', 4, 0],
  ['nothing at all', null, '02:10', 0, 0],
] as const)('%s', (_name, covered, now, after, due) => {
  const answer = coveredTo(covered);
  expect([readingsAfterNewest(answer, at(now)), readingsDue(answer, at(now))]).toEqual([after, due]);
});

it('half-hours are those of the site’s clock: at 12:20 in Kathmandu that of 12:00 is over, none of UTC’s', () => {
  const clock = (time: string) => `2025-02-20T${time}:00+05:45`;
  const counts = { ...completeness, covered_from: clock('00:00'), covered_to: clock('12:00') };
  const answer = { ...sampleAnswer({ completeness: counts }), timezone: 'Asia/Kathmandu', to: clock('13:00') };
  expect([readingsAfterNewest(answer, new Date(clock('12:20'))), readingsDue(answer, new Date(clock('12:20')))]).toEqual([0, 0]);
  expect([readingsAfterNewest(answer, new Date(clock('12:30'))), readingsDue(answer, new Date(clock('12:30')))]).toEqual([1, 1]);
});

it('more than four are no longer on their way', () => {
  const answer = { ...coveredTo('00:00'), to: '2025-02-20T12:00:00+08:00' };
  expect(readingsDue(answer, at('02:29'))).toBe(4);
  expect(readingsDue(answer, at('02:30'))).toBe(0);
});
