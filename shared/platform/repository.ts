/** Loads, decides, folds and commits one kind of aggregate in one organization: state and facts in one batch. */
import type { Aggregate, Entity, Meta, Unique } from './aggregate.ts';
import { afterLostRace } from './backoff.ts';
import { envelope } from './envelope.ts';
import type { Decided } from './facts.ts';
import { factDocument } from './facts.ts';
import { documentHash } from './hash.ts';
import { besideDrawing, drawn, withdrawalsOf } from './numbering.ts';
import { notFound, Refusal, stale } from './refusal.ts';
import type { Scope } from './scope.ts';
import type { Document, Json, Query, Stored, Write } from './store.ts';
import { CommitRefused } from './store.ts';

export interface EntityPage<S> {
  readonly items: readonly Entity<S>[];
  readonly cursor?: string;
  readonly total?: number;
}

interface CommandOptions<S> {
  /** More writes for the same batch (same container and organization); asked anew at every attempt. */
  readonly also?: (next: Entity<S>) => readonly Write[] | Promise<readonly Write[]>;
}

interface CreateOptions<S> extends CommandOptions<S> {
  /** Draws the next number of a gap-free counter of this organization, in the same batch. */
  readonly counter?: string;
  /**
   * With a counter: `withdrawals` of it as they were before something was read that this rests on, and how to look at
   * that again (throwing, if need be) when there have been more since.
   */
  readonly rests?: { readonly since: number; readonly again: () => Promise<unknown> };
}

export interface Repository<S extends object, F extends Decided> {
  /** Throws `not_found` for an id that is not here, deleted, or another organization's. */
  get(id: string): Promise<Entity<S>>;
  find(id: string): Promise<Entity<S> | undefined>;
  /**
   * As `get`, for what a command is to change that looks at something else first. Throws `stale` as `execute` will, so that
   * this is said before what that finds. The request's `If-Match` is still there for `execute`.
   */
  expected(id: string): Promise<Entity<S>>;
  /** Pages of living aggregates; `query.kind` is set here. */
  list(query: Omit<Query, 'kind'>): Promise<EntityPage<S>>;
  /** Makes one. `decide` gets the number drawn (0 without a counter); at least one fact is needed. */
  create(id: string, decide: (number: number) => readonly F[], options?: CreateOptions<S>): Promise<Entity<S>>;
  /** How often something that those numbered by a counter rest on was withdrawn; mostly no round trip. */
  withdrawals(counter: string): Promise<number>;
  /**
   * For `also`, and read before the decision: the batch is refused, and decided anew, when one is created under the
   * counter meanwhile. `withdraws` makes those created after it look again at what they rest on.
   */
  besideCreation(counter: string, withdraws: boolean): Promise<Write>;
  /**
   * Load, decide, commit under the etag; when someone else was first, load and decide again (bounded, jittered),
   * unless the request sent `If-Match`: `stale`. No facts: nothing is written. `decide` may be called several times.
   */
  execute(
    id: string,
    decide: (state: S, entity: Entity<S>) => readonly F[] | Promise<readonly F[]>,
    options?: CommandOptions<S>,
  ): Promise<Entity<S>>;
  /**
   * The writes that make one item, or change `before`, for batches of a caller's own (imports, two aggregates at
   * once). Uniques included, counter not.
   */
  stage(
    id: string,
    facts: readonly F[],
    before?: Entity<S>,
  ): { readonly writes: readonly Write[]; readonly entity: Entity<S> };
}

const ATTEMPTS = 12;
const DONE_DAYS = 14;

interface Head {
  readonly state: Json;
  readonly meta: Meta;
  /** Document ids of the uniques it holds. */
  readonly uniques: readonly string[];
}

/** For `scope.of(aggregate)`. */
export function repository<S extends object, F extends Decided>(
  aggregate: Aggregate<S, F>,
  scope: Scope,
): Repository<S, F> {
  const documents = scope.documents(aggregate.container);
  const { kind, noun } = aggregate;

  function entityOf(stored: Stored): Entity<S> {
    const head = stored.document.body as unknown as Head;
    return { id: stored.document.id, state: head.state as unknown as S, meta: head.meta, etag: stored.etag };
  }

  function storedOf({ id, state, meta, etag }: Entity<S>): Stored {
    const body: Head = {
      state: state as unknown as Json,
      meta,
      uniques: (aggregate.uniques?.(state) ?? []).map(uniqueId),
    };
    return { document: { id, kind, body: body as unknown as Json }, etag };
  }

  async function load(id: string): Promise<Stored | undefined> {
    const stored = await documents.read(id);
    return stored?.document.kind === kind ? stored : undefined;
  }

  async function loaded(id: string): Promise<Stored> {
    const stored = await load(id);
    if (!stored) throw notFound(noun);
    return stored;
  }

  function uniqueId(unique: Unique): string {
    return `unique:${unique.scope}:${documentHash(unique.value)}`;
  }

  /** The writes of one command, head first, and the entity they make (its etag still to come). */
  function staged(id: string, before: Stored | undefined, decided: readonly F[]) {
    const now = scope.now();
    const by = scope.actor.userId;
    const old = before && (before.document.body as unknown as Head);
    let state = old?.state as unknown as S | undefined;
    for (const fact of decided) state = aggregate.evolve(state, fact, { at: now, by });
    if (state === undefined) throw new Error(`A new ${kind} needs a first fact`);
    const deleted = decided.some((fact) => aggregate.deletedBy.includes(fact.type));
    const meta: Meta = {
      createdAt: old?.meta.createdAt ?? now,
      createdBy: old?.meta.createdBy ?? by,
      modifiedAt: now,
      modifiedBy: by,
      ...(deleted ? { deletedAt: now, deletedBy: by } : {}),
    };
    const uniques = deleted ? [] : (aggregate.uniques?.(state) ?? []);
    const held = new Map(uniques.map((unique) => [uniqueId(unique), unique]));
    const body: Head = { state: state as unknown as Json, meta, uniques: [...held.keys()] };
    const document: Document = {
      id,
      kind: deleted ? `${kind}.deleted` : kind,
      body: body as unknown as Json,
      ...aggregate.index(state, meta),
    };
    const writes: Write[] = [before ? { op: 'replace', document, ifMatch: before.etag } : { op: 'create', document }];
    const refusals = new Map<number, Unique>();
    for (const [uid, unique] of held) {
      if (old?.uniques.includes(uid)) continue;
      refusals.set(writes.length, unique);
      writes.push({ op: 'create', document: { id: uid, kind: 'unique', body: { owner: id } } });
    }
    for (const uid of old?.uniques ?? []) if (!held.has(uid)) writes.push({ op: 'delete', id: uid });
    for (const fact of decided) writes.push({ op: 'create', document: factDocument(envelope(scope, kind, id, fact)) });
    return { writes, refusals, entity: { id, state, meta } };
  }

  /** "This reaction has had its effect on this aggregate": refused as a second one, in the same batch. */
  function doneMarker(id: string): Extract<Write, { op: 'create' }> | undefined {
    if (!scope.reaction) return undefined;
    const { name, fact } = scope.reaction;
    const document = { id: `done:${name}:${fact.id}:${id}`, kind: 'done', body: null, ttl: DONE_DAYS * 24 * 3600 };
    return { op: 'create', document };
  }

  async function create(id: string, decide: (number: number) => readonly F[], options: CreateOptions<S> = {}) {
    const { counter, rests } = options;
    const attempt = async (): Promise<Entity<S> | undefined> => {
      let made: ReturnType<typeof staged> | undefined;
      const stage = async (number: number, withdrawals?: number) => {
        if (rests && rests.since !== withdrawals) await rests.again();
        made = staged(id, undefined, decide(number));
        return [...made.writes, ...((await options.also?.({ ...made.entity, etag: '' })) ?? [])];
      };
      try {
        const etags = counter ? await drawn({ stage, ...placeOf(counter) }) : await documents.commit(await stage(0));
        return made && { etag: etags[0] ?? '', ...made.entity };
      } catch (error) {
        if (!(error instanceof CommitRefused) || !made) throw error;
        const own = await load(id);
        if (own && (scope.retried || scope.reaction)) return entityOf(own);
        const unique = made.refusals.get(error.index);
        if (unique) throw unique.refuse();
        if (counter && error.index >= made.writes.length) return undefined;
        throw error;
      }
    };
    return counter ? retried(attempt) : settled(await attempt());
  }

  function placeOf(counter: string) {
    const { queue } = scope.platform;
    const counterId = counterIdOf(counter);
    return { documents, queue, key: `${aggregate.container}/${scope.orgId}/${counterId}`, counterId };
  }

  async function execute(
    id: string,
    decide: (state: S, entity: Entity<S>) => readonly F[] | Promise<readonly F[]>,
    options: CommandOptions<S> = {},
  ): Promise<Entity<S>> {
    const ifMatch = scope.takeIfMatch(id);
    const marker = doneMarker(id);
    const isDone = async () => marker !== undefined && (await documents.read(marker.document.id)) !== undefined;
    let lost = false;
    const attempt = async (): Promise<Entity<S> | undefined> => {
      const before = await loaded(id);
      const isStale = ifMatch !== undefined && !ifMatch(before.etag);
      // An earlier try of this very request may be what changed it; then there is nothing left to decide.
      if (isStale && !scope.retried) throw stale(noun);
      // Mostly a reaction comes the first time: the marker is looked for when something speaks against that.
      if (lost && (await isDone())) return entityOf(before);
      let decided: readonly F[];
      try {
        decided = await decide(entityOf(before).state, entityOf(before));
      } catch (error) {
        if (isStale && error instanceof Refusal) throw stale(noun);
        if (await isDone()) return entityOf(before);
        throw error;
      }
      if (decided.length === 0) return entityOf(before);
      if (isStale) throw stale(noun);
      const { writes, refusals, entity } = staged(id, before, decided);
      writes.push(...((await options.also?.({ ...entity, etag: before.etag })) ?? []));
      if (marker) writes.push(marker);
      try {
        const etags = await documents.commit(writes);
        return { ...entity, etag: etags[0] ?? '' };
      } catch (error) {
        if (!(error instanceof CommitRefused)) throw error;
        const unique = refusals.get(error.index);
        if (unique && !(await isDone())) throw unique.refuse();
        lost = true;
        return undefined;
      }
    };
    return scope.platform.queue.run(`${aggregate.container}/${scope.orgId}/${id}`, () => retried(attempt));
  }

  async function retried(attempt: () => Promise<Entity<S> | undefined>): Promise<Entity<S>> {
    for (let round = 1; round < ATTEMPTS; round += 1) {
      const entity = await attempt();
      if (entity) return entity;
      await afterLostRace(round);
    }
    return settled(await attempt());
  }

  function settled(entity: Entity<S> | undefined): Entity<S> {
    if (entity) return entity;
    throw new Refusal('unavailable', `Too many changes of this ${noun} at once; try again.`, { retryAfter: 1 });
  }

  return {
    get: async (id) => entityOf(await loaded(id)),
    async find(id) {
      const stored = await load(id);
      return stored && entityOf(stored);
    },
    async expected(id) {
      const stored = await loaded(id);
      if (scope.ifMatchFor(id)?.(stored.etag) === false && !scope.retried) throw stale(noun);
      return entityOf(stored);
    },
    async list(query) {
      const page = await documents.query({ kind, ...query });
      return { ...page, items: page.items.map(entityOf) };
    },
    create,
    withdrawals: (counter) => withdrawalsOf(placeOf(counter)),
    besideCreation: (counter, withdraws) => besideDrawing(documents, counterIdOf(counter), withdraws),
    execute,
    stage(id, facts, before) {
      const { writes, entity } = staged(id, before && storedOf(before), facts);
      return { writes, entity: { ...entity, etag: '' } };
    },
  };
}

function counterIdOf(counter: string): string {
  return `counter:${counter}`;
}
