/** How text becomes searchable words: the same folding for what is stored and for what is asked; and shorter. */

/** Accents, and what nobody sees: joiners, soft hyphens, marks of direction, fillers. */
const MARKS = /[\p{M}\p{Default_Ignorable_Code_Point}]+/gu;
const WORD = /[\p{L}\p{N}]+/gu;

/** Nothing but ASCII. */
const PLAIN = /^[\0-\x7f]*$/;
/** Letters with a stroke and ligatures, which Unicode does not take apart; and the sigma that ends a word. */
const LETTERS: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  æ: 'ae',
  œ: 'oe',
  ħ: 'h',
  ŧ: 't',
  ς: 'σ',
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');

/** Case- and accent-insensitive form, for comparing and sorting names: `Straße`, `STRASSE` and `strasse` are one. */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  // By way of capitals, of which ß and ı have none of their own; and of small letters, of which ẞ becomes ß.
  const lower = text.normalize('NFKD').replace(MARKS, '').toLowerCase().toUpperCase().toLowerCase();
  return lower.replace(LETTER, (letter) => LETTERS[letter] ?? letter).normalize('NFC');
}

/** A text of at most so many UTF-16 units: what is cut off is told by an ellipsis, and no character is cut in two. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The distinct folded words of some texts, in order of appearance. */
export function wordsOf(...texts: readonly (string | undefined)[]): string[] {
  const found = new Set<string>();
  for (const text of texts) {
    if (text) for (const [word] of fold(text).matchAll(WORD)) found.add(word);
  }
  return [...found];
}
