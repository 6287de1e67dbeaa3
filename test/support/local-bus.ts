/** A local bus on a file in a folder of its own, and facts to put on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  close(): Promise<void>;
}

export async function busBench(): Promise<BusBench> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-bus-'));
  let file = openBusFile(folder);
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
    async close() {
      for (const bus of buses) await bus.stop(100);
      file.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
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

export function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
