/** The part of Cosmos DB's SQL that the store speaks, understood strictly: what it does not know, it refuses. */
import type { IndexValue } from '../../shared/platform/store.ts';

type Value = unknown;
/** `undefined` is neither true nor false: comparisons of different types, and all that is built on them. */
type Truth = boolean | undefined;
type Test = (document: Value) => Truth;

interface Parsed {
  /** Undefined for a count. */
  readonly top: number | undefined;
  readonly test: Test;
  readonly order: readonly { readonly path: readonly string[]; readonly descending: boolean }[];
  /** Every path that the filter and the order name, as index paths: `/ix/name`. */
  readonly paths: readonly string[];
}

const SELECT = /^SELECT (?:TOP (\d+) (?:c\["\w+"\](?:, )?)+|VALUE COUNT\(1\)) FROM c WHERE (.*?)(?: ORDER BY (.*))?$/s;
const TOKEN = /\s*(c(?:\["\w+"\])+|@p\d+|SELECT VALUE w FROM w IN|[A-Z_]+|>=|<=|[=><(),]|w)/y;

export function parsedQuery(query: string, parameters: readonly { name: string; value: IndexValue }[]): Parsed {
  const [, top, where = '', by] = SELECT.exec(query) ?? [];
  if (where === '') throw new Error(`Not understood: ${query}`);
  const values = new Map(parameters.map(({ name, value }) => [name, value]));
  const paths: string[] = [];
  const tokens = tokensOf(where);
  let at = 0;

  const peek = () => tokens[at];
  function take(wanted?: string): string {
    const token = tokens[at];
    if (token === undefined || (wanted !== undefined && token !== wanted)) {
      throw new Error(`Expected ${wanted ?? 'more'} at ${tokens.slice(at).join(' ')}`);
    }
    at += 1;
    return token;
  }
  function path(): readonly string[] {
    const names = namesOf(take());
    paths.push(`/${names.join('/')}`);
    return names;
  }
  function parameter(): IndexValue {
    const name = take();
    const value = values.get(name);
    if (value === undefined) throw new Error(`There is no parameter ${name}`);
    return value;
  }
  function either(): Test {
    const parts = [both()];
    while (peek() === 'OR') {
      take();
      parts.push(both());
    }
    return (document) => {
      const truths = parts.map((part) => part(document));
      return truths.includes(true) ? true : truths.includes(undefined) ? undefined : false;
    };
  }
  function both(): Test {
    const parts = [one()];
    while (peek() === 'AND') {
      take();
      parts.push(one());
    }
    return (document) => {
      const truths = parts.map((part) => part(document));
      return truths.includes(false) ? false : truths.includes(undefined) ? undefined : true;
    };
  }
  function one(): Test {
    const token = peek();
    if (token === 'NOT') {
      take();
      const inner = one();
      return (document) => {
        const truth = inner(document);
        return truth === undefined ? undefined : !truth;
      };
    }
    if (token === '(') {
      take();
      const inner = either();
      take(')');
      return inner;
    }
    if (token === 'IS_DEFINED') return isDefined();
    if (token === 'ARRAY_CONTAINS') return arrayContains();
    if (token === 'EXISTS') return exists();
    return comparison();
  }
  function isDefined(): Test {
    take();
    take('(');
    const names = path();
    take(')');
    return (document) => valueAt(document, names) !== undefined;
  }
  function arrayContains(): Test {
    take();
    take('(');
    const names = path();
    take(',');
    const value = parameter();
    take(')');
    return (document) => {
      const list = valueAt(document, names);
      return Array.isArray(list) ? list.includes(value) : undefined;
    };
  }
  function exists(): Test {
    for (const token of ['EXISTS', '(', 'SELECT VALUE w FROM w IN']) take(token);
    const names = path();
    for (const token of ['WHERE', 'STARTSWITH', '(', 'w', ',']) take(token);
    const start = String(parameter());
    take(')');
    take(')');
    return (document) => {
      const list = valueAt(document, names);
      return Array.isArray(list) && list.some((word) => String(word).startsWith(start));
    };
  }
  function comparison(): Test {
    const names = path();
    const sign = take();
    if (sign === 'IN') {
      take('(');
      const list = [parameter()];
      while (peek() === ',') {
        take();
        list.push(parameter());
      }
      take(')');
      return (document) => list.some((value) => value === valueAt(document, names));
    }
    const right = parameter();
    return (document) => {
      const left = valueAt(document, names);
      if (typeof left !== typeof right) return undefined;
      const order = compared(left, right);
      const signs: Record<string, boolean> = {
        '=': order === 0,
        '>': order > 0,
        '<': order < 0,
        '>=': order >= 0,
        '<=': order <= 0,
      };
      return signs[sign];
    };
  }

  const test = either();
  if (at !== tokens.length) throw new Error(`Too much: ${tokens.slice(at).join(' ')}`);
  const order = (by?.split(', ') ?? []).map((entry) => {
    const [name = '', direction] = entry.split(' ');
    return { path: namesOf(name), descending: direction === 'DESC' };
  });
  return { top: top === undefined ? undefined : Number(top), test, order, paths };
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const [, token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw new Error(`Not understood: ${text.slice(start)}`);
    tokens.push(token);
  }
  return tokens;
}

function namesOf(token: string): string[] {
  if (!token.startsWith('c[')) throw new Error(`Not a property: ${token}`);
  return [...token.matchAll(/\["(\w+)"\]/g)].map(([, name = '']) => name);
}

export function valueAt(document: Value, path: readonly string[]): Value {
  let value = document;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, Value>)[name];
  }
  return value;
}

/** Texts by code point, numbers and booleans by size. */
export function compared(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}
