/** Group commit of the embedded store: all batches that wait are written in one transaction and share one sync. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerName } from './containers.ts';
import { containerNames, declarationOf } from './containers.ts';
import { codeOf } from './errors.ts';
import type { Db } from './store.sqlite.schema.ts';
import { tableOf } from './store.sqlite.schema.ts';
import { unavailable } from './store.sqlite.statements.ts';
import type { Writer } from './store.sqlite.write.ts';
import { writerOf } from './store.sqlite.write.ts';
import type { Partition, Write } from './store.ts';
import { CommitRefused, StoreUnavailable } from './store.ts';

export interface Batch {
  readonly container: ContainerName;
  readonly partition: Partition;
  readonly writes: readonly Write[];
  /** The documents as JSON, in the order of the writes (empty for a delete). */
  readonly texts: readonly string[];
}

interface Waiting extends Batch {
  resolve(etags: string[]): void;
  reject(error: unknown): void;
}

export interface Committer {
  commit(batch: Batch): Promise<string[]>;
  sweep(): Promise<number>;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

const MOST_TOGETHER = 200;
const SWEEP_EVERY_SECONDS = 60;
const SWEEP_AT_ONCE = 200;

/** `now` in seconds since 1970; `patience` in milliseconds, for another process' lock. */
export function committerOf(
  db: Db,
  now: () => number,
  onCommit: ((changed: ReadonlySet<ContainerName>) => void) | undefined,
  patience: number,
): Committer {
  const writers = new Map<ContainerName, Writer>();
  const lastSeq = db.prepare("SELECT value FROM meta WHERE name = 'seq'").raw(true);
  const keepSeq = db.prepare("UPDATE meta SET value = ? WHERE name = 'seq'");
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  let swept = now();

  function writer(container: ContainerName): Writer {
    const known = writers.get(container);
    if (known) return known;
    const declaration = declarationOf(container);
    const made = writerOf(db, tableOf(container), declaration);
    writers.set(container, made);
    return made;
  }

  /** Takes the write lock and works; while another process has the lock, waits without blocking this one. */
  async function together<T>(work: () => T): Promise<T> {
    const deadline = performance.now() + patience;
    while (!begun(deadline)) await sleep(1 + Math.random() * 10);
    // From here to the end nothing is awaited, so no read of this process falls inside the transaction.
    try {
      const done = work();
      db.exec('COMMIT');
      return done;
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  function begun(deadline: number): boolean {
    try {
      db.exec('BEGIN IMMEDIATE');
      return true;
    } catch (error) {
      const busy = codeOf(error)?.startsWith('SQLITE_BUSY');
      if (!busy || performance.now() > deadline) throw error;
      return false;
    }
  }

  async function flush(): Promise<void> {
    while (queue.length > 0) {
      const batches = queue.slice(0, MOST_TOGETHER);
      queue = queue.slice(MOST_TOGETHER);
      try {
        const outcomes = await together(() => written(batches));
        const changed = new Set<ContainerName>();
        for (const [at, batch] of batches.entries()) {
          const outcome = outcomes[at];
          if (Array.isArray(outcome)) {
            changed.add(batch.container);
            batch.resolve(outcome);
          } else batch.reject(outcome);
        }
        if (changed.size > 0) onCommit?.(changed);
      } catch (error) {
        const reason = unavailable(error) ?? error;
        for (const { reject } of batches) reject(reason);
      }
      if (queue.length > 0) await new Promise(setImmediate);
    }
    if (now() - swept >= SWEEP_EVERY_SECONDS) await sweepSome().catch(() => 0);
  }

  /** For each batch its etags, or why it was refused; throws only when the transaction itself is lost. */
  function written(batches: readonly Batch[]): (string[] | Error)[] {
    let seq = Number((lastSeq.get([]) as [number])[0]);
    const next = () => {
      seq += 1;
      return seq;
    };
    const at = now();
    const outcomes = batches.map(({ container, partition, writes, texts }) => {
      db.exec('SAVEPOINT batch');
      try {
        const etags = writer(container).write(partition, writes, texts, next, at);
        db.exec('RELEASE batch');
        return etags;
      } catch (error) {
        if (!db.inTransaction) throw error;
        db.exec('ROLLBACK TO batch; RELEASE batch');
        if (error instanceof CommitRefused) return error;
        if (unavailable(error)) throw error;
        return error instanceof Error ? error : new StoreUnavailable(String(error));
      }
    });
    keepSeq.run([seq]);
    return outcomes;
  }

  async function sweepSome(): Promise<number> {
    swept = now();
    return together(() => {
      let gone = 0;
      for (const name of containerNames) {
        if (declarationOf(name).ttl) gone += writer(name).sweep(swept, SWEEP_AT_ONCE);
      }
      return gone;
    });
  }

  /** One at a time, each after the one before, so that transactions of this connection never meet. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = (running ?? Promise.resolve()).then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    running = settled;
    return mine;
  }

  return {
    commit(batch) {
      return new Promise((resolve, reject) => {
        queue.push({ ...batch, resolve, reject });
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
