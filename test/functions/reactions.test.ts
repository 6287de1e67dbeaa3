import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reactions, timers } from '../../functions/registry.ts';
import { namingProblems } from '../../shared/platform/react.ts';
import { scheduleOf } from '../../shared/platform/run-timer.ts';

/** Named by the specification's chapters, and declared by no slice yet. */
const AWAITED = ['StaffAssignedToEvent', 'StaffUnassignedFromEvent'];

/** Every fact type that some slice declares: `type: 'EventCreated'` or `Fact<'EventCreated' | …` in its sources. */
function declaredFacts(): Set<string> {
  const sources = readdirSync('shared', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('platform'))
    .map((path) => readFileSync(join('shared', path), 'utf8'));
  return new Set(
    sources.flatMap((source) =>
      [...source.matchAll(/(?:\w: |Fact<\s*|\| )'([A-Z]\w+)'/g)].map(([, type]) => type ?? ''),
    ),
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
  expect(unknownFacts(reactions).filter((line) => !AWAITED.includes(line.split(': ')[1] ?? ''))).toEqual([]);
  expect(reactions.length).toBeGreaterThan(0);
  expect(unknownFacts([{ name: 'typo', on: ['EventCreatd'] }])).toEqual(['typo: EventCreatd']);
});
