/**
 * Texts in an order that the npm server keeps. It compares UTF-16 code units, Cosmos DB compares code points; they differ
 * where surrogates (astral characters) meet U+E000 to U+FFFF. Moving the surrogates behind those makes the two the same.
 */

function moved(text: string, move: (unit: number) => number): string {
  if (!/[\ud800-\uffff]/.test(text)) return text;
  let result = '';
  for (let at = 0; at < text.length; at += 1) result += String.fromCharCode(move(text.charCodeAt(at)));
  return result;
}

const there = (unit: number) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
const back = (unit: number) => (unit < 0xd800 ? unit : unit >= 0xf800 ? unit - 0x2000 : unit + 0x800);

/** The same JSON with every text so that its code units are in the order of the code points. */
export function orderedTexts<T>(json: T): T {
  return everyText(json, (text) => moved(text, there)) as T;
}

/** Undoes `orderedTexts`. */
export function plainTexts<T>(json: T): T {
  return everyText(json, (text) => moved(text, back)) as T;
}

function everyText(json: unknown, change: (text: string) => string): unknown {
  if (typeof json === 'string') return change(json);
  if (Array.isArray(json)) return json.map((one) => everyText(one, change));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, everyText(value, change)]));
}
