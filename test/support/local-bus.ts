/** A local bus on a file in a folder of its own, and facts to put on it. */
import { cpSync, existsSync, mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type LocalBus, type LocalBusOptions, localBus } from '../../infra/local/bus.ts';
import { type BusFile, openBusFile } from '../../infra/local/bus-file.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { type Reaction, reaction } from '../../shared/platform/reaction.ts';
import { ORG } from './bells.ts';
import { silentLog, testClock } from './platform.ts';

export interface BusBench {
  readonly file: BusFile;
  /** A bus on the file, by default with one reaction `ears` to `Said`; stopped with the bench. */
  opened(deliver: LocalBusOptions['deliver'], more?: Partial<LocalBusOptions>): LocalBus;
  /** Closes the file and opens it again, as a new process would. */
  reopen(): void;
  /** The file as another process opens it. */
  elsewhere(): BusFile;
  /** A bench on what a new process would find, had this one been killed now; closed with this one. */
  killed(): BusBench;
  close(): Promise<void>;
}

export async function busBench(): Promise<BusBench> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-bus-'));
  return benchIn(folder);
}

function benchIn(folder: string): BusBench {
  let file = openBusFile(folder);
  const others: BusFile[] = [];
  const after: BusBench[] = [];
  const buses: LocalBus[] = [];
  return {
    get file() {
      return file;
    },
    opened(deliver, more = {}) {
      const retry = { tries: 4, firstDelay: 2, longestDelay: 10 };
      const reactions = [hears('ears', 'Said')];
      const bus = localBus({ file, reactions, deliver, clock: testClock(), log: silentLog, retry, ...more });
      buses.push(bus);
      return bus;
    },
    reopen() {
      file.close();
      file = openBusFile(folder);
    },
    elsewhere() {
      const other = openBusFile(folder);
      others.push(other);
      return other;
    },
    killed() {
      const copy = mkdtempSync(join(tmpdir(), 'marquee-bus-'));
      copyBus(folder, copy);
      const bench = benchIn(copy);
      after.push(bench);
      return bench;
    },
    async close() {
      for (const bench of after) await bench.close();
      for (const bus of buses) await bus.stop(100);
      for (const one of [file, ...others]) one.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Copies `bus.db` as a SIGKILL now would leave it to the next process. */
export function copyBus(from: string, to: string): void {
  for (const name of ['bus.db', 'bus.db-wal']) {
    if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name));
  }
}

export const hears = (name: string, ...on: string[]): Reaction => reaction({ name, on, async handle() {} });

let sequence = 0;
/** A fresh fact of a subject. */
export function said(subject: string): Fact {
  sequence += 1;
  return {
    specversion: '1.0',
    id: systemIds.next(),
    type: 'Said',
    source: 'test',
    subject,
    time: '2026-11-20T09:00:00Z',
    data: { sequence },
    orgid: ORG,
    actorid: 'system',
    correlationid: 'test',
    schemaversion: 1,
  };
}

export const ofSubject = (subject: string) => (fact: Fact) => fact.subject === subject;
export const idsOf = (facts: readonly Fact[]): string[] => facts.map(({ id }) => id);

/** Throws as often for each fact (by its id) as is said here. */
export function stumbling(times: readonly (readonly [string, number])[]): (fact: Fact) => void {
  const left = new Map(times);
  return ({ id }) => {
    const failures = left.get(id) ?? 0;
    left.set(id, failures - 1);
    if (failures > 0) throw new Error('not now');
  };
}

/** A bus that delivers everything, once `before` lets it, and what it delivered, in order. */
export function hearing(
  on: BusBench,
  more: Partial<LocalBusOptions> = {},
  before: (fact: Fact) => void = () => {},
): { readonly bus: LocalBus; readonly heard: readonly Fact[] } {
  const heard: Fact[] = [];
  const bus = on.opened(async (_, fact) => {
    before(fact);
    heard.push(fact);
  }, more);
  return { bus, heard };
}

/** Limits of a bus at random, with retries that take no time. */
export function limitsOf(most: { readonly sideBySide: number; readonly mostHeld: number }) {
  return fc.record({
    sideBySide: fc.integer({ min: 1, max: most.sideBySide }),
    mostHeld: fc.integer({ min: 1, max: most.mostHeld }),
    retry: fc.constant({ tries: 4, firstDelay: 0.1, longestDelay: 1 }),
  });
}

/** What is told, how often that fails, and what is done next, at random. */
export function stepsOf<A extends string>(...acts: readonly A[]) {
  return fc.record({
    subject: fc.constantFrom('a', 'b', 'c'),
    failures: fc.nat(2),
    act: fc.constantFrom(...acts),
  });
}

export function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
