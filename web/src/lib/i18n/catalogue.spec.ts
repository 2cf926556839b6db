import { describe, expect, it } from 'vitest';
import { en } from './en';
import { preferredLanguage } from './language';
import { zh } from './zh';

// Every key with what it is: 'query.title: string', 'query.meter: function'.
function keys(node: object, prefix = ''): string[] {
  return Object.entries(node).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    return typeof value === 'object' && value !== null ? keys(value as object, `${name}.`) : [`${name}: ${typeof value}`];
  });
}

function texts(node: object): string[] {
  return Object.values(node).flatMap((value) =>
    typeof value === 'object' && value !== null ? texts(value as object) : typeof value === 'string' ? [value] : [],
  );
}

function emptyKeys(node: object, prefix = ''): string[] {
  return Object.entries(node).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    if (typeof value === 'object' && value !== null) return emptyKeys(value as object, `${name}.`);
    return value === '' ? [name] : [];
  });
}

describe('the catalogues', () => {
  it('have the same keys', () => {
    expect(keys(zh).sort()).toEqual(keys(en).sort());
  });
  it('leave nothing empty that the other language says', () => {
    expect(emptyKeys(zh)).toEqual(emptyKeys(en));
  });
  it('speak their own language', () => {
    const chinese = /\p{Script=Han}/u;
    expect(texts(en).filter((text) => chinese.test(text))).toEqual(['中文', '切换到简体中文']);
    const foreign = texts(zh).filter((text) => text !== '' && !chinese.test(text) && /\p{Letter}/u.test(text));
    expect(foreign).toEqual(['English', 'Switch to English']);
  });
});

describe('the language', () => {
  it.each([
    ['the choice wins', 'zh', ['en-GB'], 'zh'],
    ['else the browser’s first that we speak', null, ['fr-FR', 'zh-TW', 'en'], 'zh'],
    ['else English', null, ['fr-FR'], 'en'],
    ['a stored value that is none is no choice', 'xx', ['zh-CN'], 'zh'],
  ] as const)('%s', (_name, choice, browser, language) => {
    expect(preferredLanguage(choice, browser)).toBe(language);
  });
});
