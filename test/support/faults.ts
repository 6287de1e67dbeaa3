/** What guards and restarts are proved against: stores that let everything through, processes that die. */
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Store, Write } from '../../shared/platform/store.ts';

/** The guard switched off: what should be refused as stale, or as there already, is written over. */
export function unguarded(store: Store): Store {
  const off = (write: Write): Write =>
    write.op === 'delete' ? { op: 'delete', id: write.id } : { op: 'upsert', document: write.document };
  return { ...store, commit: (container, partition, writes) => store.commit(container, partition, writes.map(off)) };
}

/** A process without guards, in which nobody waits for another either. */
export function unguardedProcess(platform: Platform): Platform {
  return { ...platform, store: unguarded(platform.store), queue: { run: (_, task) => task() } };
}

/** Lets nobody commit in a container before everyone has come so far: the worst moment for a race. */
export function together(count: number, container: string): (store: Store) => Store {
  let arrived = 0;
  let open: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  return (store) => ({
    ...store,
    async commit(name, partition, writes) {
      if (name === container && arrived < count) {
        arrived += 1;
        if (arrived === count) open();
        await all;
      }
      return store.commit(name, partition, writes);
    },
  });
}

/** A process of its own that stalls before its first commit in a container, while something else happens. */
export function stalling(platform: Platform, container: string, meanwhile: () => Promise<unknown>): Platform {
  const { store } = platform;
  let stalled = false;
  const slow: Store = {
    ...store,
    async commit(name, partition, writes) {
      if (name === container && !stalled) {
        stalled = true;
        await meanwhile();
      }
      return store.commit(name, partition, writes);
    },
  };
  return { ...platform, store: slow, queue: keyedQueue() };
}

export class Crash extends Error {}

interface Crashing {
  readonly platform: Platform;
  /** How many commits it tried. */
  commits(): number;
  died(): boolean;
}

/** A process that dies at its nth commit (from 1), before the store has it or after; nothing it asks then happens. */
export function crashing(platform: Platform, at: number, when: 'before' | 'after'): Crashing {
  const { store } = platform;
  let commits = 0;
  let dead = false;
  function alive(): void {
    if (dead) throw new Crash('The process is dead');
  }
  const mortal: Store = {
    ...store,
    async read(...args) {
      alive();
      return store.read(...args);
    },
    async query(...args) {
      alive();
      return store.query(...args);
    },
    async commit(...args) {
      alive();
      commits += 1;
      dead = commits === at;
      if (when === 'before') alive();
      const etags = await store.commit(...args);
      alive();
      return etags;
    },
  };
  return { platform: { ...platform, store: mortal, queue: keyedQueue() }, commits: () => commits, died: () => dead };
}
