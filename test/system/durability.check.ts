/** What is wrong with a store after crashes, a line each; nothing when all is well. */
import { z } from 'zod';
import { CLAIM_KIND, knownOf } from '../../shared/claims/stored.ts';
import type { ContainerName } from '../../shared/platform/containers.ts';
import { containerNames, declarationOf } from '../../shared/platform/containers.ts';
import { FACT_KIND, factOf } from '../../shared/platform/facts.ts';
import type { SqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Stored } from '../../shared/platform/store.ts';
import type { Ledger } from './durability.load.ts';

const State = z.looseObject({
  title: z.string().optional(),
  name: z.string().optional(),
  content: z.string().optional(),
  status: z.string().optional(),
  venueId: z.string().optional(),
  startsAt: z.string().optional(),
  endsAt: z.string().optional(),
  customerNumber: z.string().optional(),
  eventNumber: z.string().optional(),
  placement: z.object({ venueId: z.string(), claimId: z.string() }).optional(),
});
/** Notes are documents of their own, everything else is an aggregate's head. */
const Body = z.union([z.object({ state: State }).transform(({ state }) => state), State]);

/** Events in these states have given their venue back. */
const WITHOUT_VENUE = ['postponed', 'cancelled'];

export async function all(store: SqliteStore, container: ContainerName, partition: readonly string[], kind: string) {
  const found: Stored[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(container, partition, { kind, limit: 1000, ...(cursor ? { cursor } : {}) });
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

async function heads(store: SqliteStore, container: ContainerName, orgId: string, kind: string) {
  const stored = await all(store, container, [orgId], kind);
  return stored.map(({ document: { id, body } }) => ({ id, ...Body.parse(body) }));
}

/** Everything at once; `now` tells which holds have run out. */
export async function faultsOf(store: SqliteStore, orgId: string, ledger: Ledger, now: string): Promise<string[]> {
  const [claims, facts, effects] = [
    await claimFaults(store, orgId, now),
    await factFaults(store, orgId),
    await effectFaults(store, orgId, ledger),
  ];
  return [...claims, ...facts, ...effects];
}

/** No claim without the event that wants it, holds that run out aside; no event without its claim; no two at once. */
async function claimFaults(store: SqliteStore, orgId: string, now: string): Promise<string[]> {
  const faults: string[] = [];
  const claims = (await all(store, 'claims', [orgId], CLAIM_KIND))
    .map((stored) => knownOf(stored).claim)
    .filter(({ state, mode, expiresAt = '' }) => state === 'active' && (mode === 'firm' || expiresAt > now));
  const firm = claims.filter(({ mode }) => mode === 'firm');
  const living = await heads(store, 'events', orgId, 'event');
  const wanted = new Map(living.map((event) => [event.placement?.claimId, event]));
  for (const { id, owner } of firm) {
    const event = wanted.get(id);
    if (event?.id !== owner.id) faults.push(`claim ${id} of event ${owner.id}: nobody wants it`);
  }
  for (const { id, placement, status = '', venueId, startsAt = '', endsAt } of living) {
    const own = firm.filter((claim) => claim.owner.id === id);
    if (WITHOUT_VENUE.includes(status)) {
      if (placement || own.length > 0) faults.push(`event ${id} is ${status} and has its venue`);
      continue;
    }
    const [claim] = own;
    const holds = own.length === 1 && claim?.id === placement?.claimId && claim?.resource === `venue:${venueId}`;
    if (!holds || claim?.use.start !== startsAt || claim.use.end !== endsAt) {
      faults.push(`event ${id} is ${status} and has ${own.length} claims, not its own one`);
    }
  }
  const inOrder = firm.toSorted((a, b) => (a.resource + a.use.start < b.resource + b.use.start ? -1 : 1));
  for (const [at, claim] of inOrder.entries()) {
    const next = inOrder[at + 1];
    if (next?.resource === claim.resource && next.use.start < claim.use.end) {
      faults.push(`claims ${claim.id} and ${next.id}: the venue at the same time`);
    }
  }
  return faults;
}

/** Each fact of the outboxes is in the audit trail, the same, once; no reaction has said the same twice. */
async function factFaults(store: SqliteStore, orgId: string): Promise<string[]> {
  const faults: string[] = [];
  const audit = (await all(store, 'audit', [orgId], FACT_KIND)).map(({ document }) => factOf(document));
  const kept = new Map(audit.map((fact) => [fact.id, fact]));
  if (kept.size < audit.length) faults.push(`${audit.length - kept.size} facts are in the audit trail twice`);
  const caused = new Set<string>();
  for (const container of containerNames.filter((name) => declarationOf(name).facts)) {
    for (const { document } of await all(store, container, [orgId], FACT_KIND)) {
      const fact = factOf(document);
      const copy = kept.get(fact.id);
      if (JSON.stringify(copy) !== JSON.stringify(fact)) faults.push(`fact ${fact.id} ${fact.type}: not delivered`);
      kept.delete(fact.id);
      if (fact.causationid === undefined) continue;
      const effect = `${fact.causationid} ${fact.type} ${fact.subject}`;
      if (caused.has(effect)) faults.push(`${effect}: twice`);
      caused.add(effect);
    }
  }
  for (const [id, { type }] of kept) faults.push(`fact ${id} ${type}: in the audit trail and never said`);
  return faults;
}

/** One resource for each request, numbers without gaps. */
async function effectFaults(store: SqliteStore, orgId: string, ledger: Ledger): Promise<string[]> {
  const faults: string[] = [];
  const customers = await heads(store, 'customers', orgId, 'customer');
  const events = await heads(store, 'events', orgId, 'event');
  const deleted = await heads(store, 'events', orgId, 'event.deleted');
  const others = [
    ...(await heads(store, 'venues', orgId, 'venue')),
    ...(await heads(store, 'events', orgId, 'note')),
    ...(await heads(store, 'events', orgId, 'note.deleted')),
  ];
  const counts = new Map<string, number>();
  for (const { title, name, content } of [...customers, ...events, ...deleted, ...others]) {
    const called = title ?? name ?? content ?? '';
    counts.set(called, (counts.get(called) ?? 0) + 1);
  }
  for (const { title, id } of ledger.keyed) {
    if (id !== undefined && counts.get(title) !== 1) faults.push(`"${title}" is there ${counts.get(title) ?? 0} times`);
  }
  for (const title of ledger.refused) if (counts.has(title)) faults.push(`"${title}" was refused and is there`);
  for (const title of ledger.unanswered) {
    if ((counts.get(title) ?? 0) > 1) faults.push(`"${title}" is there ${counts.get(title)} times`);
  }
  return [
    ...faults,
    ...gaps(customers.map(({ customerNumber }) => customerNumber)),
    ...gaps([...events, ...deleted].map(({ eventNumber }) => eventNumber)),
  ];
}

function gaps(numbers: readonly (string | undefined)[]): string[] {
  const ends = numbers.map((number) => Number(number?.slice(-6))).sort((a, b) => a - b);
  return ends.flatMap((number, at) => (number === at + 1 ? [] : [`number ${number} stands where ${at + 1} should`]));
}
