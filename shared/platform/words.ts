/** How text becomes searchable words: the same folding for what is stored and for what is asked; and shorter. */

const MARKS = /\p{M}+/gu;
const WORD = /[\p{L}\p{N}]+/gu;

/** Case- and accent-insensitive form, for comparing and sorting names. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(MARKS, '').toLowerCase().normalize('NFC');
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
