import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reactions, timers } from '../../functions/registry.ts';
import { namingProblems } from '../../shared/platform/react.ts';
import { scheduleOf } from '../../shared/platform/run-timer.ts';

/** Every fact type that some slice declares: `type: 'EventCreated'` in its sources, or named in its model. */
function declaredFacts(): Set<string> {
  const sources = readdirSync('shared', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('platform'))
    .map((path) => ({ path, source: readFileSync(join('shared', path), 'utf8') }));
  return new Set(
    sources.flatMap(({ path, source }) => {
      const declared = path.endsWith('model.ts') ? /'([A-Z]\w+)'/g : /type: '([A-Z]\w+)'/g;
      return [...source.matchAll(declared)].map(([, type]) => type ?? '');
    }),
  );
}

function unknownFacts(of: readonly { readonly name: string; readonly on: readonly string[] }[]): string[] {
  const known = declaredFacts();
  return of.flatMap(({ name, on }) => on.filter((type) => !known.has(type)).map((type) => `${name}: ${type}`));
}

test('reactions and timers have names of their own, and every schedule can be read', () => {
  expect(namingProblems(reactions, timers)).toEqual([]);
  for (const timer of timers) expect(scheduleOf(timer).after('2026-11-20T09:00:00Z')).toMatch(/^2026|^2027/);
});

test('every fact type that a reaction waits for is one that a slice declares', () => {
  expect(unknownFacts(reactions)).toEqual([]);
  expect(reactions.length).toBeGreaterThan(0);
  expect(unknownFacts([{ name: 'typo', on: ['EventCreatd'] }])).toEqual(['typo: EventCreatd']);
});
