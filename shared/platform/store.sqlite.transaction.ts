/** The transactions of the embedded store: under the file's lock, or sent ahead while the one before is still written. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerName } from './containers.ts';
import { containerNames, declarationOf } from './containers.ts';
import { isBusy } from './errors.ts';
import { grouped } from './grouped.ts';
import { aside, restOf } from './store.sqlite.aside.ts';
import { newGroupsFor } from './store.sqlite.groups.ts';
import type { Db } from './store.sqlite.schema.ts';
import { keepLast, LAST_SEQ } from './store.sqlite.schema.ts';
import type { Statements } from './store.sqlite.statements.ts';
import type { Batch, Memory, Swept, Writer } from './store.sqlite.write.ts';
import { writerOf } from './store.sqlite.write.ts';
import type { CommitRefused } from './store.ts';

/** A batch with its etags, or with why it was refused. */
export type Outcome<B extends Batch> = readonly [B, string[] | CommitRefused];

/** A transaction on its way to the disk. */
export interface Sent<T> {
  /** What it comes to once it has landed. */
  readonly result: T;
  /** Rejects with what the engine says when nothing of it, or nobody knows what, was written. */
  readonly landed: Promise<void>;
}

export interface Transactions {
  /**
   * Takes the write lock, looks up what the batches are about to write, and leaves the rest to the other thread: requests
   * go on while it writes and syncs. To be called when nothing is on its way. Throws what the engine says, all undone.
   */
  underLock<B extends Batch>(batches: readonly B[], now: number): Promise<Outcome<B>[]>;
  /**
   * Decides on what is known, as if all that is on its way had landed, and sends it after that. It lands only if the file
   * is as it was taken to be: nobody else has written, and what was not known was not there. The result is of the batches up
   * to the first that cannot be decided so; undefined when that is the very first. Whoever finds one lost waits for the
   * others and calls `lost`.
   */
  ahead<B extends Batch>(batches: readonly B[], now: number): Sent<Outcome<B>[]> | undefined;
  /** Deletes what expired by `now`, up to `most` documents and terms of each container, likewise under the lock. */
  sweep(now: number, most: number): Promise<Swept>;
  /** Undoes what was sent, and knows nothing any more. */
  lost(): Promise<void>;
}

interface Options {
  /** A connection that nothing else uses: what is being written is seen by no read, and asked nothing meanwhile. */
  readonly db: Db;
  /** Of another connection, which sees what is committed, and can be asked at any time. */
  readonly reading: Statements;
  /** Names this process in the file; hexadecimal. */
  readonly self: string;
  readonly memory: Memory;
  /** Milliseconds to wait for another process' lock. */
  readonly patience: number;
}

/** Gives the numbers of changes: each takes the next of the file. */
type Next = () => number;

export function transactionsOf({ db, reading, self, memory, patience }: Options): Transactions {
  const { latest } = memory;
  const rest = restOf(db);
  const groups = newGroupsFor(reading);
  // All at once: later the connection may be in use, and who prepares a statement on it waits for the disk.
  const writers = new Map(
    containerNames.map((name) => [name, writerOf(name, { db, reading, groupOf: groups.groupOf, memory })]),
  );
  const lastSeq = db.prepare(LAST_SEQ).raw(true);
  /** The file's last number once all that was sent has landed; undefined when that is not known. */
  let expected: number | undefined;

  function writer(container: ContainerName): Writer {
    const one = writers.get(container);
    if (!one) throw new Error(`There is no container ${container}`);
    return one;
  }

  function forget(): void {
    for (const one of [...writers.values(), groups]) one.forget();
  }

  /** Does the work that `latest` was told of, and sends what comes of it, `first` before all else. */
  function sent<T>(before: number, first: readonly string[], work: (next: Next) => T): Sent<T> {
    let seq = before;
    const result = work(() => {
      seq += 1;
      return seq;
    });
    groups.settle(rest);
    for (const one of writers.values()) one.settle(rest);
    if (seq > before) rest.add(keepLast(seq, self));
    latest.expect(seq);
    // Where nothing is written after a stranger's write, the file's last writer stays the stranger.
    expected = seq > before || before === expected ? seq : undefined;
    return { result, landed: rest.commit(first).then(latest.landed) };
  }

  function written<B extends Batch>(batches: readonly B[], next: Next, now: number): Outcome<B>[] {
    const outcomes: Outcome<B>[] = [];
    for (const batch of batches) {
      const outcome = writer(batch.container).write(batch, next, now);
      if (!outcome) break;
      outcomes.push([batch, outcome]);
    }
    return outcomes;
  }

  async function lost(): Promise<void> {
    expected = undefined;
    latest.lost();
    rest.forget();
    groups.lost();
    forget();
    if (db.inTransaction) await aside(db, 'ROLLBACK');
  }

  async function locked<T>(work: (next: Next) => T): Promise<T> {
    if (!takeLock()) await waitForLock();
    try {
      const before = Number((lastSeq.get([]) as [number])[0]);
      // Numbers of rows and groups go on from those given here, unless another process has given some since.
      if (before !== expected) forget();
      latest.begin(before);
      const { result, landed } = sent(before, [], work);
      await landed;
      return result;
    } catch (error) {
      await lost();
      throw error;
    }
  }

  /**
   * While another process has the lock, tries again every few milliseconds: waiting inside the engine would hold up the
   * event loop.
   */
  async function waitForLock(): Promise<void> {
    const until = performance.now() + patience;
    do await sleep(1 + Math.random() * 4);
    while (!takeLock(performance.now() > until));
  }

  /** Begins a transaction: whether the lock was free. Throws when it was not and this is the `last` try. */
  function takeLock(last = false): boolean {
    try {
      db.exec(BEGIN);
      return true;
    } catch (error) {
      if (!isBusy(error) || last) throw error;
      return false;
    }
  }

  return {
    underLock: (batches, now) =>
      locked((next) => {
        for (const [name, some] of grouped(batches, ({ container }) => container)) writer(name).look(some);
        return written(batches, next, now);
      }),
    ahead(batches, now) {
      const from = expected;
      const [first] = batches;
      if (from === undefined || !first) return undefined;
      try {
        if (!writer(first.container).isKnown(first, now)) return undefined;
        latest.follow(from);
        return sent(from, [BEGIN, unlessMoved(from, self)], (next) => written(batches, next, now));
      } catch (error) {
        // What it has begun would go with the next one: nothing is sent until `lost` has let go of it.
        expected = undefined;
        return { result: [], landed: Promise.reject(error) };
      }
    },
    sweep: (now, most) =>
      locked((next) => {
        const expiring = containerNames.filter((name) => declarationOf(name).ttl);
        const each = expiring.map((name) => writer(name).sweep(now, most, next));
        return { gone: each.reduce((sum, { gone }) => sum + gone, 0), more: each.some(({ more }) => more) };
      }),
    lost,
  };
}

const BEGIN = 'BEGIN IMMEDIATE';

/**
 * Ends the transaction with an error where the file's last number is another, or not this process's: where the one before
 * did not land, a stranger may have written as many. A second row of that name cannot be.
 */
function unlessMoved(seq: number, self: string): string {
  return `INSERT OR ROLLBACK INTO meta SELECT name, value FROM meta
    WHERE (name = 'seq' AND value IS NOT ${seq}) OR (name = 'writer' AND value IS NOT '${self}')`;
}
