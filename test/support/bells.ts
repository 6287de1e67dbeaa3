/** A small trade of two aggregates for tests of facts and their effects: bells ring, and a tally counts each ring. */
import { aggregate } from '../../shared/platform/aggregate.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { factOf } from '../../shared/platform/facts.ts';
import { type Reaction, reaction } from '../../shared/platform/reaction.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import { testScope } from './platform.ts';

export const ORG = '0193b0a0-7c1e-7000-8000-000000000001';

interface Bell {
  readonly rung: number;
}
type BellFact = { readonly type: 'BellHung'; readonly data: object } | BellRung;
interface BellRung {
  readonly type: 'BellRung';
  readonly data: { readonly ring: number };
}

const bells = aggregate<Bell, BellFact & { data: { [key: string]: unknown } }>({
  kind: 'bell',
  container: 'customers',
  noun: 'bell',
  deletedBy: [],
  evolve: (bell, fact) => ({ rung: (bell?.rung ?? 0) + (fact.type === 'BellRung' ? 1 : 0) }),
  index: () => ({}),
});

interface Tally {
  readonly counted: readonly string[];
}
interface Counted {
  readonly type: 'RingCounted';
  readonly data: { readonly ring: string };
}

export const tallies = aggregate<Tally, Counted>({
  kind: 'tally',
  container: 'events',
  noun: 'tally',
  deletedBy: [],
  evolve: (tally, fact) => ({ counted: [...(tally?.counted ?? []), fact.data.ring] }),
  index: () => ({}),
});

/** Hangs a bell with this id and its tally (id `tally-…`), which has counted nothing but its own making. */
export async function hang(platform: Platform, id: string): Promise<void> {
  const scope = testScope(platform, ORG);
  await scope.of(tallies).create(tallyOf(id), () => [{ type: 'RingCounted', data: { ring: 'start' } }]);
  await scope.of(bells).create(id, () => [{ type: 'BellHung', data: {} }]);
}

/** Rings: one fact. */
export async function ring(platform: Platform, id: string): Promise<void> {
  await testScope(platform, ORG)
    .of(bells)
    .execute(id, ({ rung }) => [{ type: 'BellRung', data: { ring: rung + 1 } }]);
}

function tallyOf(bell: string): string {
  return `tally-${bell}`;
}

/** The rings that the bell's tally has counted, in the order of counting: `1`, `2`, … */
export async function counted(platform: Platform, bell: string): Promise<string[]> {
  const { state } = await testScope(platform, ORG).of(tallies).get(tallyOf(bell));
  return state.counted.slice(1);
}

/** The rings from one to some number, as a tally counts them. */
export function rings(upTo: number): string[] {
  return Array.from({ length: upTo }, (_, at) => String(at + 1));
}

/** Counts each ring on the bell's tally: the effect, guarded as every command in a reaction is. */
export const countRings: Reaction = reaction({
  name: 'count-rings',
  on: ['BellRung'],
  async handle(fact, scope) {
    await count(fact, scope);
  },
});

async function count(fact: Fact, scope: Scope): Promise<void> {
  await scope
    .of(tallies)
    .execute(tallyOf(fact.subject), () => [{ type: 'RingCounted', data: { ring: String(fact.data.ring) } }]);
}

/** Counts without the guard: the scope does not know which fact it reacts to, so that no done marker is written. */
export function countUnguarded(platform: Platform): (reaction: Reaction, fact: Fact) => Promise<void> {
  return (_, fact) => count(fact, testScope(platform, fact.orgid));
}

/** All facts of the outbox of bells. */
export async function bellFacts(platform: Platform): Promise<Fact[]> {
  const facts: Fact[] = [];
  for await (const { document } of platform.store.changes('customers')) {
    if (document.kind === 'fact') facts.push(factOf(document));
  }
  return facts;
}
