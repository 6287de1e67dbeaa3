/** Group commit of the embedded store: all batches that wait are written in one transaction and share one sync. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerName } from './containers.ts';
import { containerNames, declarationOf } from './containers.ts';
import { codeOf } from './errors.ts';
import { grouped } from './grouped.ts';
import { aside, restOf } from './store.sqlite.aside.ts';
import { newGroupsFor } from './store.sqlite.groups.ts';
import type { Db } from './store.sqlite.schema.ts';
import { keepLast, LAST_SEQ, tableOf } from './store.sqlite.schema.ts';
import { statementsOf, unavailable } from './store.sqlite.statements.ts';
import type { Batch, Memory, Writer } from './store.sqlite.write.ts';
import { writerOf } from './store.sqlite.write.ts';
import { CommitRefused } from './store.ts';

interface Waiting extends Batch {
  readonly container: ContainerName;
  resolve(etags: string[]): void;
  reject(error: unknown): void;
}

/** A batch with its etags, or with why it was refused. */
type Outcome = readonly [Waiting, string[] | CommitRefused];

interface Options {
  /** A connection that nothing else uses: what is being written is seen by no read. */
  readonly db: Db;
  /** Names this process in the file; hexadecimal. */
  readonly self: string;
  readonly memory: Memory;
  /** Seconds since 1970. */
  readonly now: () => number;
  readonly onCommit: ((changed: ReadonlySet<ContainerName>) => void) | undefined;
  /** Milliseconds to wait for another process' lock. */
  readonly patience: number;
  /** Nothing is written before. */
  readonly noticed: Promise<void>;
}

interface Committer {
  commit(container: ContainerName, batch: Batch): Promise<string[]>;
  sweep(): Promise<number>;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

/**
 * Writes of a transaction at most (and one batch at least). Those that come while one is written share the next; what it
 * takes of the event loop is some 15 µs a write.
 */
const MOST_TOGETHER = 400;
/** Characters of documents, likewise: a script takes many times that of memory, and V8 ends a process that has none. */
const MOST_CHARACTERS = 16_000_000;
const SWEEP_EVERY_SECONDS = 60;
const SWEEP_AT_ONCE = 200;

/** `commit` rejects with `CommitRefused`, or with `StoreUnavailable` when the lock or the disk is not to be had. */
export function committerOf({ db, self, memory, now, onCommit, patience, noticed }: Options): Committer {
  const { latest } = memory;
  const writers = new Map<ContainerName, Writer>();
  const rest = restOf(db);
  const groups = newGroupsFor(statementsOf(db));
  const lastSeq = db.prepare(LAST_SEQ).raw(true);
  const queue: Waiting[] = [];
  let running = noticed;
  /** The file's last number as this process left it; undefined once a transaction was lost. */
  let left: number | undefined;
  let swept = now();

  function writer(container: ContainerName): Writer {
    const known = writers.get(container);
    if (known) return known;
    const declaration = declarationOf(container);
    const made = writerOf(db, tableOf(container), declaration, groups.groupOf, memory);
    writers.set(container, made);
    return made;
  }

  /**
   * Takes the write lock, works, and leaves the rest to the other thread: requests go on while it writes and syncs. Each
   * change takes the `next` number of the file.
   */
  async function together<T>(work: (next: () => number) => T): Promise<T> {
    if (!locked()) await waitForLock();
    try {
      const before = Number((lastSeq.get([]) as [number])[0]);
      // Numbers of rows go on from those given here, unless another process has given some since.
      if (before !== left) for (const one of writers.values()) one.forget();
      let seq = before;
      latest.begin(before);
      const done = work(() => {
        seq += 1;
        return seq;
      });
      if (seq > before) rest.add(keepLast(seq, self));
      for (const one of writers.values()) one.settle(rest);
      latest.expect(seq);
      await rest.commit();
      latest.landed();
      left = seq;
      return done;
    } catch (error) {
      left = undefined;
      latest.lost();
      for (const one of [...writers.values(), rest, groups]) one.forget();
      if (db.inTransaction) await aside(db, 'ROLLBACK');
      throw error;
    }
  }

  /**
   * While another process has the lock, looks again every few milliseconds. Waiting inside the engine would hold one of
   * its few threads, and the holder of the lock may need it to commit.
   */
  async function waitForLock(): Promise<void> {
    const until = performance.now() + patience;
    do await sleep(1 + Math.random() * 4);
    while (!locked(performance.now() > until));
  }

  /** Begins a transaction: whether the lock was free. Throws when it was not and this is the `last` try. */
  function locked(last = false): boolean {
    try {
      db.exec('BEGIN IMMEDIATE');
      return true;
    } catch (error) {
      if (!codeOf(error)?.startsWith('SQLITE_BUSY') || last) throw error;
      return false;
    }
  }

  async function flush(): Promise<void> {
    // Told once the next transaction is on its way: they go on while the other thread writes it.
    let untold: readonly Outcome[] = [];
    while (queue.length > 0) {
      const batches = queue.splice(0, fitting(queue));
      const writing = together((next) => written(batches, next));
      tell(untold);
      untold = [];
      try {
        untold = await writing;
      } catch (error) {
        if (batches.length === 1 || unavailable(error)) for (const batch of batches) failed(batch, error);
        else await oneByOne(batches);
      }
    }
    tell(untold);
    if (now() - swept >= SWEEP_EVERY_SECONDS) await sweepSome().catch(() => 0);
  }

  /** Each in a transaction of its own: one that is broken takes none of the others with it. */
  async function oneByOne(batches: readonly Waiting[]): Promise<void> {
    for (const batch of batches) {
      await together((next) => written([batch], next)).then(tell, (reason) => failed(batch, reason));
    }
  }

  function failed({ reject }: Waiting, error: unknown): void {
    reject(unavailable(error) ?? error);
  }

  /** Tells each batch what became of it, and `onCommit` what changed. */
  function tell(outcomes: readonly Outcome[]): void {
    const changed = new Set<ContainerName>();
    for (const [batch, outcome] of outcomes) {
      if (outcome instanceof CommitRefused) batch.reject(outcome);
      else {
        changed.add(batch.container);
        batch.resolve(outcome);
      }
    }
    if (changed.size > 0) onCommit?.(changed);
  }

  /** Inside a transaction. */
  function written(batches: readonly Waiting[], next: () => number): Outcome[] {
    const at = now();
    for (const [name, some] of grouped(batches, ({ container }) => container)) writer(name).look(some);
    return batches.map((batch) => [batch, writer(batch.container).write(batch, next, at)]);
  }

  async function sweepSome(): Promise<number> {
    swept = now();
    return together((next) => {
      let gone = 0;
      for (const name of containerNames) {
        if (declarationOf(name).ttl) gone += writer(name).sweep(swept, SWEEP_AT_ONCE, next);
      }
      return gone;
    });
  }

  /** One at a time, each after the one before, so that transactions of this connection never meet. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = running.then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    running = settled;
    return mine;
  }

  return {
    commit(container, batch) {
      return new Promise((resolve, reject) => {
        queue.push({ ...batch, container, resolve, reject });
        if (queue.length > 1) return;
        setImmediate(() => void alone(flush));
      });
    },
    async sweep() {
      let gone = 0;
      for (;;) {
        const some = await alone(sweepSome);
        gone += some;
        if (some === 0) return gone;
      }
    },
    async drain() {
      await new Promise(setImmediate);
      while (queue.length > 0) await new Promise(setImmediate);
      await running;
    },
  };
}

/** How many of the batches go into one transaction. */
function fitting(queue: readonly Batch[]): number {
  let writes = 0;
  let characters = 0;
  const over = queue.findIndex(({ texts }) => {
    writes += texts.length;
    for (const { length } of texts) characters += length;
    return writes > MOST_TOGETHER || characters > MOST_CHARACTERS;
  });
  return over === -1 ? queue.length : Math.max(1, over);
}
