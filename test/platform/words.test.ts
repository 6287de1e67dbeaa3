/** How text becomes searchable words: the same folding for what is stored and for what is asked. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, shortened, wordsOf } from '../../shared/platform/words.ts';

describe('folding', () => {
  test.each([
    ['Zoë', 'zoe'],
    ['ÅNGSTRÖM', 'angstrom'],
    ['Ｆｕｌｌ ｗｉｄｔｈ', 'full width'],
    ['ﬁnal', 'final'],
    ['Ελλάδα', 'ελλαδα'],
    ['Йод', 'иод'],
    ['한국', '한국'],
    ['العَرَبِيَّة', 'العربية'],
    ['Ⅳ', 'iv'],
    ['Straße', 'strasse'],
    ['STRASSE', 'strasse'],
    ['STRAẞE', 'strasse'],
    ['Ac\u00adme\u200b Ha\u200dll\u3164', 'acme hall'],
    ['Łódź Ægir Øresund Þórr', 'lodz aegir oresund thorr'],
    ['Işık İstanbul', 'isik istanbul'],
    ['ΟΔΟΣ οδός', 'οδοσ οδοσ'],
    ['', ''],
  ])('%s is %s', (text, folded) => expect(fold(text)).toBe(folded));

  test('composed and decomposed forms are the same', () => {
    expect(fold('e\u0301')).toBe(fold('é'));
  });

  test('folding what is folded changes nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fold(fold(text))).toBe(fold(text));
      }),
    );
  });
});

describe('words', () => {
  test.each([
    [
      ['Anna Smith', 'anna@example.com'],
      ['anna', 'smith', 'example', 'com'],
    ],
    [['+44 20-7946 0958'], ['44', '20', '7946', '0958']],
    [["O'Neil & Sons"], ['o', 'neil', 'sons']],
    [
      ['Royal Albert Hall', undefined, ''],
      ['royal', 'albert', 'hall'],
    ],
    [['李小龍 (Bruce)'], ['李小龍', 'bruce']],
    [['👩‍🚀 🎪'], []],
    [['a\u0000b \u202e c'], ['a', 'b', 'c']],
  ])('of %j are %j', (texts, words) => expect(wordsOf(...texts)).toEqual(words));

  test('each comes once, folded, without spaces, whatever the texts', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        const words = wordsOf(...texts);
        expect(new Set(words).size).toBe(words.length);
        for (const word of words) {
          expect(word).toMatch(/^[\p{L}\p{N}]+$/u);
          expect(fold(word)).toBe(word);
        }
      }),
    );
  });

  test('every word of a text is found by each of its beginnings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        for (const word of wordsOf(text)) {
          for (let length = 1; length <= word.length; length += 1) {
            const [asked] = wordsOf(word.slice(0, length));
            if (asked !== undefined) expect(word.startsWith(asked)).toBe(true);
          }
        }
      }),
    );
  });
});

describe('what is too long is shortened', () => {
  test.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['🎪🎪🎪', 6, '🎪🎪🎪'],
    ['🎪🎪🎪', 5, '🎪🎪…'],
    ['🎪🎪🎪', 4, '🎪…'],
  ])('%s to %i', (text, most, expected) => expect(shortened(text, most)).toBe(expected));
});
