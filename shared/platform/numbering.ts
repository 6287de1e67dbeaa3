/** Numbers without gaps, drawn by many at once: those who wait for the counter share one batch and so one sync. */
import { LRUCache } from 'lru-cache';
import { afterLostRace } from './backoff.ts';
import type { Documents } from './documents.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import { Refusal } from './refusal.ts';
import type { Write } from './store.ts';
import { CommitRefused, MAX_WRITES } from './store.ts';

interface Draw {
  readonly documents: Documents;
  readonly queue: KeyedQueue;
  /** Names the counter in its organization, for the queue. */
  readonly key: string;
  /** The counter's document. */
  readonly counterId: string;
  /** The writes that go with a number; asked anew at every attempt. */
  stage(number: number): Promise<readonly Write[]>;
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
/** Bounds the batch in characters: a draw is a few kilobytes. */
const MOST_TOGETHER = 24;
/** Who waits for which counter, per process (as its queue tells processes apart). */
const lines = new WeakMap<KeyedQueue, Map<string, Waiting[]>>();

/** Counters as this process left them: tried without reading, for the etag tells when another process was there since. */
interface Counter {
  readonly etag: string;
  readonly last: number;
}
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
  const counters = known.get(queue) ?? new LRUCache<string, Counter>({ max: MOST_KNOWN });
  known.set(queue, counters);
  return new Promise((resolve, reject) => {
    const one = { draw, resolve, reject };
    line.push(one);
    queue
      .run(key, async () => {
        while (line.includes(one)) await serve(line, counters);
        if (line.length === 0) ofQueue.delete(key);
      })
      .catch(reject);
  });
}

/** Serves the head of the line and as many behind it as fit in its batch. */
async function serve(line: Waiting[], counters: LRUCache<string, Counter>): Promise<void> {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [first] = line;
    if (!first) return;
    const { documents, counterId, key } = first.draw;
    const counter = counters.get(key) ?? (await counterIn(documents, counterId));
    const last = counter?.last ?? 0;
    const group = await gathered(line, last);
    if (group.length === 0) return;
    counters.delete(key);
    const document = { id: counterId, kind: 'counter', body: last + group.length };
    const guard: Write = counter ? { op: 'replace', document, ifMatch: counter.etag } : { op: 'create', document };
    try {
      const etags = await documents.commit([guard, ...group.flatMap(({ writes }) => writes)]);
      counters.set(key, { etag: etags[0] ?? '', last: document.body });
      for (const { one, from, writes } of group) leave(line, one).resolve(etags.slice(from, from + writes.length));
      return;
    } catch (error) {
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

async function counterIn(documents: Documents, id: string): Promise<Counter | undefined> {
  const stored = await documents.read(id);
  return stored && { etag: stored.etag, last: Number(stored.document.body) };
}

/** Stages the head of the line and those behind it, until the batch is full; two who want the same document wait. */
async function gathered(line: Waiting[], last: number): Promise<Staged[]> {
  const group: Staged[] = [];
  const ids = new Set<string>();
  let from = 1;
  for (const one of line.slice(0, MOST_TOGETHER)) {
    let writes: readonly Write[];
    try {
      writes = await one.draw.stage(last + group.length + 1);
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
