/** Every `rule_broken` names a rule of its slice's closed list, and docs/errors.md tells them all. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rules } from '../functions/registry.ts';
import { parseSource } from './support/source.ts';

/** The one place of a slice that may say `broken`: its closed list, through which all others go. */
const LIST = /^shared\/([^/]+)\/breaks\.ts$/;
const PLATFORM = 'shared/platform/refusal.ts';

interface Named {
  readonly at: string;
  readonly slice: string;
  /** undefined when it is not a plain text. */
  readonly rule: string | undefined;
}

/** Calls of `broken` outside the lists, and of `breaks`, in some files by their paths. */
function namedIn(files: Readonly<Record<string, string>>): { readonly broken: string[]; readonly breaks: Named[] } {
  const calls = Object.entries(files).flatMap(([path, text]) =>
    parseSource(path, text).calls.map((call) => ({ ...call, path, at: `${path}:${call.line}` })),
  );
  return {
    broken: calls
      .filter(({ name, path }) => name === 'broken' && !LIST.test(path) && path !== PLATFORM)
      .map(({ at }) => at),
    breaks: calls
      .filter(({ name }) => name === 'breaks')
      .map(({ at, path, text }) => ({ at, slice: path.split('/')[1] ?? '', rule: text })),
  };
}

/** Those that name no rule of their slice's list. */
function outside(breaks: readonly Named[]): string[] {
  return breaks.filter(({ slice, rule }) => rule === undefined || !rules[slice]?.[rule]).map(({ at }) => at);
}

function productFiles(): Record<string, string> {
  const paths = ['shared', 'functions', 'infra'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path.replaceAll('\\', '/')}`),
  );
  return Object.fromEntries(
    paths.filter((path) => path.endsWith('.ts')).map((path) => [path, readFileSync(path, 'utf8')]),
  );
}

describe('rules that can be broken', () => {
  const files = productFiles();
  const { broken, breaks } = namedIn(files);

  test('are named through the closed list of their slice alone', () => {
    expect(broken).toEqual([]);
    expect(outside(breaks)).toEqual([]);
  });

  test('every list is collected, and every rule in it can be broken', () => {
    const lists = Object.keys(files).flatMap((path) => LIST.exec(path)?.[1] ?? []);
    expect(Object.keys(rules).toSorted()).toEqual(lists.toSorted());
    for (const [slice, list] of Object.entries(rules)) {
      const used = new Set(breaks.filter((call) => call.slice === slice).map(({ rule }) => rule));
      expect(Object.keys(list).filter((rule) => !used.has(rule))).toEqual([]);
    }
  });

  test('docs/errors.md tells each with what it says', () => {
    expect(existsSync('docs/errors.md')).toBe(true);
    const page = readFileSync('docs/errors.md', 'utf8');
    for (const [slice, list] of Object.entries(rules)) {
      for (const [rule, says] of Object.entries(list)) expect(page).toContain(`| ${slice} | \`${rule}\` | ${says} |`);
    }
  });

  test('a name outside the lists, of another slice, or made up at run time is seen', () => {
    const planted = namedIn({
      'shared/events/a.ts': `throw broken('title-unique', '');`,
      'shared/events/b.ts': `throw breaks('too-late', '');`,
      'shared/events/c.ts': `throw breaks('last-admin', '');`,
      'shared/events/d.ts': 'throw breaks(rule, "");',
      'shared/events/e.ts': `throw breaks('title-unique', ''); // broken('x')`,
    });
    expect(planted.broken).toEqual(['shared/events/a.ts:1']);
    expect(outside(planted.breaks)).toEqual(['shared/events/b.ts:1', 'shared/events/c.ts:1', 'shared/events/d.ts:1']);
  });
});
