/** Numbers without gaps, drawn by many at once: those who wait for the counter share one batch and so one sync. */
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import { afterLostRace } from './backoff.ts';
import type { Documents } from './documents.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import { Refusal } from './refusal.ts';
import type { Write } from './store.ts';
import { BatchTooLarge, CommitRefused, MAX_WRITES } from './store.ts';

interface Place {
  readonly documents: Documents;
  readonly queue: KeyedQueue;
  /** Names the counter in its organization, for the queue. */
  readonly key: string;
  /** The counter's document. */
  readonly counterId: string;
}

interface Draw extends Place {
  /** The writes that go with a number; asked anew at every attempt. `withdrawals` as `withdrawalsOf` says. */
  stage(number: number, withdrawals: number): Promise<readonly Write[]>;
}

interface Waiting {
  readonly draw: Draw;
  readonly resolve: (etags: readonly string[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Staged {
  readonly one: Waiting;
  readonly from: number;
  readonly writes: readonly Write[];
}

const ROUNDS = 30;
/** A draw is a few kilobytes; where so many are more than a batch takes, fewer go together. */
const MOST_TOGETHER = 24;
/** Who waits for which counter, per process (as its queue tells processes apart). */
const lines = new WeakMap<KeyedQueue, Map<string, Waiting[]>>();

/** Counters as this process left them: tried without reading, for the etag tells when another process was there since. */
interface Counter {
  /** Undefined while there is no document. */
  readonly etag: string | undefined;
  readonly last: number;
  /** How often something was withdrawn that what is numbered rests on. */
  readonly withdrawals: number;
}
const Body = z.union([
  z.int().transform((last) => ({ last, withdrawals: 0 })),
  z.object({ last: z.int(), withdrawals: z.int() }),
]);
const MOST_KNOWN = 1000;
const known = new WeakMap<KeyedQueue, LRUCache<string, Counter>>();

/**
 * Draws the next number and commits what is staged with it, in one batch with the counter; answers with the etags of
 * those writes. Throws `CommitRefused` with the index among them, `unavailable` after many lost races with other
 * processes, and what `stage` throws; none of these uses up a number.
 */
export async function drawn(draw: Draw): Promise<readonly string[]> {
  const { queue, key } = draw;
  const ofQueue = lines.get(queue) ?? new Map<string, Waiting[]>();
  lines.set(queue, ofQueue);
  const line = ofQueue.get(key) ?? [];
  ofQueue.set(key, line);
  const counters = countersOf(queue);
  return new Promise((resolve, reject) => {
    const one = { draw, resolve, reject };
    line.push(one);
    queue
      .run(key, async () => {
        while (line.includes(one)) await serve(line, counters);
        // Others may have begun a new line since: all who wait are to stand in one.
        if (line.length === 0 && ofQueue.get(key) === line) ofQueue.delete(key);
      })
      .catch(reject);
  });
}

function countersOf(queue: KeyedQueue): LRUCache<string, Counter> {
  const counters = known.get(queue) ?? new LRUCache<string, Counter>({ max: MOST_KNOWN });
  known.set(queue, counters);
  return counters;
}

/**
 * How often something that the numbered rest on was withdrawn, as far as this process knows. Asked before such a thing is
 * read: while `stage` is told the same, it has not been withdrawn since. A point read where the process does not know
 * the counter, which the draw then saves.
 */
export async function withdrawalsOf({ documents, queue, key, counterId }: Place): Promise<number> {
  const counters = countersOf(queue);
  const counter = counters.get(key) ?? (await counterIn(documents, counterId));
  if (!counters.has(key)) counters.set(key, counter);
  return counter.withdrawals;
}

/**
 * The counter as it is, for a batch that is to be refused when a number is drawn meanwhile; `withdraws` tells those who
 * draw after it to look again at what they rest on. Read before whatever that batch is decided on.
 */
export async function besideDrawing(documents: Documents, counterId: string, withdraws: boolean): Promise<Write> {
  const counter = await counterIn(documents, counterId);
  return counterWrite(counterId, counter, { withdrawals: counter.withdrawals + (withdraws ? 1 : 0) });
}

function counterWrite(id: string, before: Counter, change: Partial<Omit<Counter, 'etag'>>): Write {
  const { etag, last, withdrawals } = { ...before, ...change };
  const document = { id, kind: 'counter', body: withdrawals === 0 ? last : { last, withdrawals } };
  return etag === undefined ? { op: 'create', document } : { op: 'replace', document, ifMatch: etag };
}

/** Serves the head of the line and as many behind it as fit in its batch. */
async function serve(line: Waiting[], counters: LRUCache<string, Counter>): Promise<void> {
  let most = MOST_TOGETHER;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [first] = line;
    if (!first) return;
    const { documents, counterId, key } = first.draw;
    const counter = counters.get(key) ?? (await counterIn(documents, counterId));
    const group = await gathered(line, counter, most);
    if (group.length === 0) return;
    const last = counter.last + group.length;
    const guard = counterWrite(counterId, counter, { last });
    try {
      const etags = await documents.commit([guard, ...group.flatMap(({ writes }) => writes)]);
      counters.set(key, { ...counter, etag: etags[0] ?? '', last });
      for (const { one, from, writes } of group) leave(line, one).resolve(etags.slice(from, from + writes.length));
      return;
    } catch (error) {
      if (error instanceof BatchTooLarge && group.length > 1) {
        most = Math.ceil(group.length / 2);
        continue;
      }
      counters.delete(key);
      const at = error instanceof CommitRefused ? error.index : -1;
      const culprit = group.find(({ from, writes }) => at >= from && at < from + writes.length);
      if (error instanceof CommitRefused && culprit) {
        // Its own affair: the others try again without it, and take its number.
        leave(line, culprit.one).reject(new CommitRefused(error.reason, at - culprit.from));
        return;
      }
      if (at !== 0) {
        for (const { one } of group) leave(line, one).reject(error);
        return;
      }
      await afterLostRace(round);
    }
  }
  const [first] = line;
  const tooMany = new Refusal('unavailable', 'Too many changes at once; try again.', { retryAfter: 1 });
  if (first) leave(line, first).reject(tooMany);
}

async function counterIn(documents: Documents, id: string): Promise<Counter> {
  const stored = await documents.read(id);
  return stored
    ? { etag: stored.etag, ...Body.parse(stored.document.body) }
    : { etag: undefined, last: 0, withdrawals: 0 };
}

/** Stages the head of the line and those behind it, until the batch is full; two who want the same document wait. */
async function gathered(line: Waiting[], { last, withdrawals }: Counter, most: number): Promise<Staged[]> {
  const group: Staged[] = [];
  const ids = new Set<string>();
  let from = 1;
  for (const one of line.slice(0, most)) {
    let writes: readonly Write[];
    try {
      writes = await one.draw.stage(last + group.length + 1, withdrawals);
    } catch (error) {
      leave(line, one).reject(error);
      continue;
    }
    const own = writes.map((write) => (write.op === 'delete' ? write.id : write.document.id));
    if (group.length > 0 && (from + writes.length > MAX_WRITES || own.some((id) => ids.has(id)))) break;
    for (const id of own) ids.add(id);
    group.push({ one, from, writes });
    from += writes.length;
  }
  return group;
}

function leave(line: Waiting[], one: Waiting): Waiting {
  const at = line.indexOf(one);
  if (at >= 0) line.splice(at, 1);
  return one;
}
