import { expect, it } from 'vitest';
import { checkMeterId, cleanMeterId, groupMeterId } from './meter-id';

it.each([
  ['', { kind: 'empty' }],
  ['  ', { kind: 'empty' }],
  ['12345', { kind: 'short', missing: 4 }],
  ['1234567890', { kind: 'long', extra: 1 }],
  ['12345678a', { kind: 'not-digits' }],
  ['１２３４５６７８９', { kind: 'not-digits' }],
  ['-100000001', { kind: 'valid', id: '100000001' }],
  ['000000001', { kind: 'valid', id: '000000001' }],
  ['100 000 001', { kind: 'valid', id: '100000001' }],
])('%j', (text, state) => {
  expect(checkMeterId(text)).toEqual(state);
});

it('what is grouped for reading can be pasted again', () => {
  expect(cleanMeterId(groupMeterId('100000001'))).toBe('100000001');
});
