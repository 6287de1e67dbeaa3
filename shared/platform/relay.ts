/** The way from the outbox to the audit trail and the bus, the same behind Cosmos DB and behind the embedded store. */
import type { Fact } from './facts.ts';
import { FACT_KIND, factOf } from './facts.ts';
import type { Json, Store, Write } from './store.ts';
import { BatchTooLarge, MAX_WRITES } from './store.ts';
import type { Telemetry } from './telemetry.ts';

/**
 * Copies facts to the audit trail and then hands them to `publish`: in that order, so that a fact that had an effect is
 * always in the trail. Throws when either fails; both may be done again.
 */
export async function relay(
  store: Store,
  telemetry: Telemetry | undefined,
  facts: readonly Fact[],
  publish: () => Promise<void>,
): Promise<void> {
  await keepForAudit(store, facts, telemetry);
  await (telemetry && facts.length > 0 ? telemetry.sending(facts, publish) : publish());
}

/** Subjects whose facts are copied at the same time. */
const SIDE_BY_SIDE = 64;

/** Copies facts to the audit container, which keeps them for good; repeats write the same documents again. */
async function keepForAudit(store: Store, facts: readonly Fact[], telemetry: Telemetry | undefined): Promise<void> {
  const bySubject = new Map<string, Map<string, Fact>>();
  for (const fact of facts) {
    const key = JSON.stringify([fact.orgid, fact.subject]);
    const own = bySubject.get(key) ?? new Map<string, Fact>();
    bySubject.set(key, own.set(fact.id, fact));
  }
  const subjects = bySubject.values();
  async function copyNext(): Promise<void> {
    for (const own of subjects) await copied(store, [...own.values()], telemetry);
  }
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, bySubject.size) }, copyNext));
}

/** The whole of a fact whose envelope was sent, as it was kept before it was sent; throws when it is not there. */
export async function keptFact(store: Store, { orgid, subject, id }: Fact): Promise<Fact> {
  const kept = await store.read('audit', [orgid, subject], id);
  if (!kept) throw new Error(`The fact ${id} is not in the audit trail`);
  return factOf(kept.document);
}

/** Facts of one subject. */
async function copied(store: Store, facts: readonly Fact[], telemetry: Telemetry | undefined): Promise<void> {
  for (let from = 0; from < facts.length; from += MAX_WRITES) {
    const some = facts.slice(from, from + MAX_WRITES);
    const [first] = some;
    if (!first) return;
    const commit = () => copiedTogether(store, first, some);
    await (telemetry ? telemetry.following(first, commit) : commit());
  }
}

/** In one batch, or in halves where that is too large: it would be too large again whenever the feed brings it. */
async function copiedTogether(
  store: Store,
  { orgid, subject }: Pick<Fact, 'orgid' | 'subject'>,
  facts: readonly Fact[],
): Promise<void> {
  const writes = facts.map((fact): Write => {
    return { op: 'upsert', document: { id: fact.id, kind: FACT_KIND, body: fact as unknown as Json } };
  });
  try {
    await store.commit('audit', [orgid, subject], writes);
  } catch (error) {
    if (!(error instanceof BatchTooLarge) || facts.length === 1) throw error;
    const half = Math.ceil(facts.length / 2);
    for (const some of [facts.slice(0, half), facts.slice(half)]) await copiedTogether(store, { orgid, subject }, some);
  }
}
