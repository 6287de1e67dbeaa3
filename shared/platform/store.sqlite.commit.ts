/** Group commit of the embedded store: all batches that wait are written in one transaction and share one sync. */
import type { ContainerName } from './containers.ts';
import { isBusy } from './errors.ts';
import { unavailable } from './store.sqlite.statements.ts';
import type { Outcome, Sent, Transactions } from './store.sqlite.transaction.ts';
import type { Batch, Swept } from './store.sqlite.write.ts';
import { CommitRefused } from './store.ts';

interface Waiting extends Batch {
  resolve(etags: string[]): void;
  reject(error: unknown): void;
}

type Outcomes = readonly Outcome<Waiting>[];

/** A transaction that was sent ahead. */
interface OnItsWay extends Sent<Outcomes> {
  readonly batches: readonly Waiting[];
}

interface Options {
  readonly transactions: Transactions;
  /** Seconds since 1970. */
  readonly now: () => number;
  readonly onCommit: ((changed: ReadonlySet<ContainerName>) => void) | undefined;
  /** Told of what `onCommit` throws, and of a sweep that failed and not for a reason that may pass. */
  readonly onFault: (error: unknown) => void;
  /** Whether nobody else writes to the file at present. */
  readonly isAlone: () => boolean;
  /** Nothing is written before. */
  readonly noticed: Promise<void>;
}

interface Committer {
  commit(batch: Batch): Promise<string[]>;
  sweep(): Promise<number>;
  /** Resolves when nothing waits any more; to be called once nothing more comes. */
  drain(): Promise<void>;
}

/**
 * Writes of a transaction at most (and one batch at least). Those that come while two are on their way share the next;
 * what it takes of the event loop is some 15 µs a write.
 */
const MOST_TOGETHER = 400;
/** Characters of documents, likewise: a script takes many times that of memory, and V8 ends a process that has none. */
const MOST_CHARACTERS = 16_000_000;
/** Transactions on their way: the other thread has the next one at hand when it is done with one. */
const MOST_SENT = 2;
/** Most transactions done under the lock after a loss: twice as many after each, half as many after one has landed. */
const MOST_LOCKED = 64;
const SWEEP_EVERY_SECONDS = 60;
/** While a sweep does not come to the end of what has expired. */
const SWEEP_AGAIN_SECONDS = 1;
/** Documents of each container, and their terms: some 10 ms for facts, which have none, and 30 ms for others. */
const SWEEP_AT_ONCE = 1000;

/** `commit` rejects with `CommitRefused`, or with `StoreUnavailable` when the lock or the disk is not to be had. */
export function committerOf({ transactions, now, onCommit, onFault, isAlone, noticed }: Options): Committer {
  const queue: Waiting[] = [];
  /** Oldest first. */
  const sent: OnItsWay[] = [];
  let running: Promise<unknown> = noticed;
  let flushing = false;
  let wake = () => {};
  /** How many of the next transactions are done under the lock, though nobody else is there. */
  let locked = 0;
  /** How many it will be after the next loss. */
  let lockedAfterLoss = 1;
  /** When the next sweep is due, in seconds since 1970. */
  let sweepAt = now() + SWEEP_EVERY_SECONDS;

  async function flush(): Promise<void> {
    let untold: Outcomes = [];
    for (;;) {
      const next = step();
      // Told once the next transaction is on its way: they go on while the other thread writes it.
      tell(untold);
      if (!next) break;
      untold = await next;
    }
    flushing = false;
  }

  /** Starts what is to be done next; comes to what has landed by then. Undefined when nothing is left. */
  function step(): Promise<Outcomes> | undefined {
    const sweeps = now() >= sweepAt;
    if (!sweeps && locked === 0 && sent.length < MOST_SENT && isAlone()) sendAhead();
    const [oldest] = sent;
    if (oldest) return landing(oldest);
    if (sweeps) return sweepSome().then(nothing, unswept);
    return queue.length > 0 ? underLock() : undefined;
  }

  function sendAhead(): void {
    const one = transactions.ahead(queue.slice(0, fitting(queue)), now());
    if (!one) return;
    sent.push({ batches: queue.splice(0, one.result.length), ...one });
    // That it was lost is found in its turn.
    one.landed.catch(nothing);
  }

  /** Waits for the oldest on its way, or, while there is room for another, for what may be sent meanwhile. */
  async function landing({ landed, result }: OnItsWay): Promise<Outcomes> {
    const hasLanded = landed.then(() => true);
    const arrived = new Promise<boolean>((resolve) => {
      wake = () => resolve(false);
    });
    try {
      if (!(await (sent.length < MOST_SENT ? Promise.race([hasLanded, arrived]) : hasLanded))) return [];
    } catch {
      return lost();
    }
    sent.shift();
    lockedAfterLoss = Math.max(1, lockedAfterLoss / 2);
    return result;
  }

  /**
   * One was lost, and with it those sent after it: they wait again, to be decided under the lock. Comes to what has landed
   * all the same.
   */
  async function lost(): Promise<Outcomes> {
    const ends = await Promise.allSettled(sent.map(({ landed }) => landed));
    await transactions.lost();
    locked = lockedAfterLoss;
    lockedAfterLoss = Math.min(MOST_LOCKED, lockedAfterLoss * 2);
    const landed: Outcome<Waiting>[] = [];
    const again: Waiting[] = [];
    for (const [index, { batches, result }] of sent.splice(0).entries()) {
      const end = ends[index];
      if (end?.status === 'fulfilled') landed.push(...result);
      else if (isUnknown(end?.reason)) for (const batch of batches) failed(batch, end?.reason);
      else again.push(...batches);
    }
    queue.unshift(...again);
    return landed;
  }

  async function underLock(): Promise<Outcomes> {
    const batches = queue.splice(0, fitting(queue));
    const behind = queue.length;
    locked = Math.max(0, locked - 1);
    try {
      return await transactions.underLock(batches, now());
    } catch (error) {
      if (batches.length > 1 && !unavailable(error)) return oneByOne(batches);
      // Those behind have waited for the lock as long: were each to wait anew, more would come meanwhile than are told.
      if (isBusy(error)) batches.push(...queue.splice(0, behind));
      for (const batch of batches) failed(batch, error);
      return [];
    }
  }

  /** Each in a transaction of its own: one that is broken takes none of the others with it. */
  async function oneByOne(batches: readonly Waiting[]): Promise<Outcomes> {
    for (const [index, batch] of batches.entries()) {
      try {
        tell(await transactions.underLock([batch], now()));
      } catch (error) {
        // The rest has waited for the lock with it.
        const busy = isBusy(error);
        for (const one of busy ? batches.slice(index) : [batch]) failed(one, error);
        if (busy) break;
      }
    }
    return [];
  }

  /** A flush that could not go on: all who wait are told why, and the next goes on. */
  function stopped(error: unknown): void {
    flushing = false;
    const waiting = [...sent.splice(0).flatMap(({ batches }) => batches), ...queue.splice(0)];
    for (const batch of waiting) failed(batch, error);
  }

  function failed({ reject }: Waiting, error: unknown): void {
    reject(unavailable(error) ?? error);
  }

  /** Tells each batch what became of it, and `onCommit` what changed. */
  function tell(outcomes: Outcomes): void {
    const changed = new Set<ContainerName>();
    for (const [batch, outcome] of outcomes) {
      if (outcome instanceof CommitRefused) batch.reject(outcome);
      else {
        changed.add(batch.container);
        batch.resolve(outcome);
      }
    }
    if (changed.size === 0) return;
    try {
      onCommit?.(changed);
    } catch (error) {
      fault(error);
    }
  }

  /** By itself, so that nothing that is thrown there can keep those who wait from being told. */
  function fault(error: unknown): void {
    queueMicrotask(() => onFault(error));
  }

  async function sweepSome(): Promise<Swept> {
    const at = now();
    sweepAt = at + SWEEP_EVERY_SECONDS;
    const swept = await transactions.sweep(at, SWEEP_AT_ONCE);
    if (swept.more) sweepAt = at + SWEEP_AGAIN_SECONDS;
    return swept;
  }

  /** What may pass is tried again with the next sweep. */
  function unswept(error: unknown): readonly never[] {
    if (!unavailable(error)) fault(error);
    return [];
  }

  /** One at a time, each after the one before, so that a sweep that is asked for meets no transaction on its way. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = running.then(work, work);
    running = mine.then(nothing, nothing);
    return mine;
  }

  return {
    commit(batch) {
      return new Promise((resolve, reject) => {
        queue.push({ resolve, reject, ...batch });
        if (queue.length > 1) return;
        setImmediate(() => {
          if (flushing) return wake();
          flushing = true;
          inTurn(flush).catch(stopped);
        });
      });
    },
    async sweep() {
      let gone = 0;
      for (;;) {
        const some = await inTurn(sweepSome);
        gone += some.gone;
        if (!some.more) return gone;
      }
    },
    async drain() {
      await new Promise(setImmediate);
      // Whoever was told of the one before may have begun another: a sweep goes on until nothing is left.
      for (let seen: unknown; seen !== running; ) {
        seen = running;
        await seen;
      }
    },
  };
}

function nothing(): readonly never[] {
  return [];
}

/** Whether it may have been written all the same: the disk failed, and not only another had the lock. */
function isUnknown(error: unknown): boolean {
  return unavailable(error) !== undefined && !isBusy(error);
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
