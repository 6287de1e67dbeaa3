/** How text becomes searchable words: the same folding for what is stored and for what is asked. */

const MARKS = /\p{M}+/gu;
const WORD = /[\p{L}\p{N}]+/gu;

/** Case- and accent-insensitive form, for comparing and sorting names. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(MARKS, '').toLowerCase().normalize('NFC');
}

/** The distinct folded words of some texts, in order of appearance. */
export function wordsOf(...texts: readonly (string | undefined)[]): string[] {
  const found = new Set<string>();
  for (const text of texts) {
    if (text) for (const [word] of fold(text).matchAll(WORD)) found.add(word);
  }
  return [...found];
}
