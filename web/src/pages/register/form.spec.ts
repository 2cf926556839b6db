import { describe, expect, it } from 'vitest';
import type { ApiErrorKind } from '../../lib/api';
import { en } from '../../lib/i18n/en';
import { consequence, EMPTY, problemFields, RetryKey } from './form';

const full = { meterId: '100000001', region: 'Central Region', area: 'Bishan', dwellingType: '4-room' };

describe('the form', () => {
  it('names what is wrong in the order of the form', () => {
    expect(problemFields(EMPTY)).toEqual(['meterId', 'region', 'area', 'dwellingType']);
    expect(problemFields({ ...full, meterId: '12345', area: '' })).toEqual(['meterId', 'area']);
    expect(problemFields(full)).toEqual([]);
  });
  it('sends a repetition under the same key and a change under another', () => {
    let count = 0;
    const retry = new RetryKey(() => `key ${++count}`);
    expect(retry.for(full)).toBe('key 1');
    expect(retry.for({ ...full })).toBe('key 1');
    expect(retry.for({ ...full, area: 'Novena' })).toBe('key 2');
    expect(retry.for(full)).toBe('key 3');
  });
  it.each([
    ['network', en.register.unsure],
    ['server', en.register.unsure],
    ['maintenance', en.register.notSent],
    ['invalid', en.register.notSent],
  ] as [ApiErrorKind, string][])('says what a failure means: %s', (kind, text) => {
    expect(consequence({ kind, status: 0, detail: '', retryAfterSeconds: null }, en)).toBe(text);
  });
});
