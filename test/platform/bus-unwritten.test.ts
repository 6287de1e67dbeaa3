/** Messages are delivered from memory, and the file is written now and then: what holds all the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LocalBus, LocalBusOptions } from '../../infra/local/bus.ts';
import type { BusFile } from '../../infra/local/bus-file.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import {
  type BusBench,
  busBench,
  deferred,
  hearing,
  idsOf,
  limitsOf,
  ofSubject,
  said,
  stepsOf,
  stumbling,
} from '../support/local-bus.ts';
import { silentLog } from '../support/platform.ts';

let bench: BusBench;
beforeEach(async () => {
  bench = await busBench();
});
afterEach(() => bench.close());

const FEED = 'events';

/** Publishes, as the relay does, the facts behind the position. */
function relayed(bus: LocalBus, facts: readonly Fact[]): void {
  bus.publish(facts.slice(Number(bus.position(FEED) ?? 0)), { feed: FEED, value: String(facts.length) });
}

test('a message that is delivered in time never comes to the file; the position does, by itself', async () => {
  const { bus, heard } = hearing(bench, { lag: 600 });
  bus.start();
  for (let n = 1; n <= 20; n += 1) bus.publish([said('a'), said('b')], { feed: FEED, value: String(n) });
  await expect.poll(() => heard).toHaveLength(40);
  expect([bus.position(FEED), bench.file.position(FEED)]).toEqual(['20', undefined]);
  await expect.poll(() => bench.file.position(FEED), { timeout: 5000 }).toBe('20');
  expect(bench.file.count()).toBe(0);
  await bus.stop();
  bus.publish([said('a')]);
  expect(bench.file.waiting('ears', 0, 9)).toMatchObject([{ n: 1 }]);
});

test('what is not delivered soon comes to the file by itself, and leaves it by itself; so do tries and dead letters', async () => {
  const release = deferred();
  const retry = { tries: 2, firstDelay: 800, longestDelay: 800 };
  const bus = bench.opened(
    async (_, { subject }) => {
      if (subject === 'poison') throw new Error('broken');
      await release.promise;
    },
    { retry },
  );
  bus.start();
  bus.publish([said('slow'), said('poison')], { feed: FEED, value: '1' });
  expect(bench.file.count()).toBe(0);
  await expect.poll(() => bench.file.waiting('ears', 0, 9)).toMatchObject([{ tries: 0 }, { tries: 1 }]);
  expect(bench.file.position(FEED)).toBe('1');
  release.resolve();
  await expect.poll(() => bench.file.count(), { timeout: 3000 }).toBe(0);
  expect(bench.file.deadLetters({})).toMatchObject([{ subject: 'poison', tries: 2 }]);
});

describe('a crash', () => {
  test('before the file is written takes positions and messages back: all is delivered again, in order', async () => {
    const { bus, heard } = hearing(bench, { lag: 60_000 });
    const facts = [said('a'), said('a'), said('b')];
    bus.start();
    relayed(bus, facts);
    await expect.poll(() => heard).toHaveLength(3);
    const next = hearing(bench.killed());
    next.bus.start();
    relayed(next.bus, facts);
    expect(await next.bus.idle(2000)).toBe(true);
    expect(idsOf(next.heard.filter(ofSubject('a')))).toEqual(idsOf(facts.slice(0, 2)));
    expect(next.heard).toHaveLength(3);
  });

  test('after it was written brings back nothing that was delivered by then', async () => {
    const { bus } = hearing(bench);
    const facts = [said('a'), said('b')];
    bus.start();
    relayed(bus, facts);
    expect(await bus.idle(2000)).toBe(true);
    const next = hearing(bench.killed());
    next.bus.start();
    relayed(next.bus, facts);
    expect(await next.bus.idle(2000)).toBe(true);
    expect(next.heard).toEqual([]);
  });

  test('at any moment loses nothing, and each subject goes on in order with what was not delivered (property)', async () => {
    const step = stepsOf('publish', 'publish and wait', 'write', 'nothing');
    const limits = limitsOf({ sideBySide: 4, mostHeld: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), limits, async (steps, more) => {
        const own = await busBench();
        const facts = steps.map(({ subject }) => said(subject));
        const stumble = stumbling(facts.map(({ id }, at) => [id, steps[at]?.failures ?? 0]));
        const before = hearing(own, more, stumble);
        before.bus.start();
        for (const [at, { act }] of steps.entries()) {
          if (act !== 'nothing') relayed(before.bus, facts.slice(0, at + 1));
          if (act === 'publish and wait') await sleep(1);
          if (act === 'write') before.bus.waiting();
        }
        // Once each, as long as nobody is killed.
        expect(new Set(idsOf(before.heard)).size).toBe(before.heard.length);
        const next = hearing(own.killed(), more, stumble);
        next.bus.start();
        const delivered = new Set(idsOf(before.heard));
        relayed(next.bus, facts);
        expect(await next.bus.idle(5000)).toBe(true);
        for (const subject of ['a', 'b', 'c']) {
          const all = idsOf(facts.filter(ofSubject(subject)));
          const again = idsOf(next.heard.filter(ofSubject(subject)));
          expect(again).toEqual(all.slice(all.length - again.length));
          expect(all.slice(0, all.length - again.length).filter((id) => !delivered.has(id))).toEqual([]);
        }
        await own.close();
      }),
      { numRuns: 40 },
    );
  });
});

describe('a file that cannot be written', () => {
  let full: boolean;
  let logged: string[];
  beforeEach(() => {
    full = false;
    logged = [];
  });

  function failing(more: Partial<LocalBusOptions> = {}) {
    const file: BusFile = {
      ...bench.file,
      write(changes) {
        if (full) throw new Error('database or disk is full');
        bench.file.write(changes);
      },
    };
    const log = { ...silentLog, error: (_: unknown, message = '') => void logged.push(message) };
    return hearing(bench, { file, log, ...more });
  }

  test('is tried again; meanwhile nothing counts as settled, and the bus takes nothing more', async () => {
    const { bus, heard } = failing();
    bus.start();
    full = true;
    const first = [said('a'), said('b')];
    bus.publish(first, { feed: FEED, value: '2' });
    await expect.poll(() => heard).toHaveLength(2);
    await expect.poll(() => logged).toContain('the bus cannot write its file');
    expect([bus.position(FEED), bench.file.position(FEED)]).toEqual(['2', undefined]);
    const third = said('a');
    for (let again = 0; again < 3; again += 1) {
      expect(() => bus.publish([third], { feed: FEED, value: '3' })).toThrow('disk is full');
    }
    await sleep(20);
    expect([bus.position(FEED), heard.length]).toEqual(['2', 2]);
    full = false;
    bus.publish([third], { feed: FEED, value: '3' });
    expect(await bus.idle(2000)).toBe(true);
    expect(idsOf(heard)).toEqual(idsOf([...first, third]));
    expect([bench.file.position(FEED), bench.file.count()]).toEqual(['3', 0]);
  });

  test('leaves what is in memory alone waiting, and in order when it can be written again', async () => {
    const release = deferred();
    const begun: string[] = [];
    const { bus } = failing({
      deliver: async (_, { id }) => {
        begun.push(id);
        await release.promise;
      },
    });
    bus.start();
    full = true;
    const facts = [said('a'), said('a'), said('a')];
    bus.publish(facts);
    expect([bus.waiting(), bench.file.count()]).toEqual([3, 0]);
    expect(await bus.idle(20)).toBe(false);
    full = false;
    expect([bus.waiting(), bench.file.count()]).toEqual([3, 3]);
    release.resolve();
    expect(await bus.idle(2000)).toBe(true);
    expect(begun).toEqual(idsOf(facts));
  });

  test('keeps a dead letter in mind until it can be buried', async () => {
    const { bus } = failing({
      deliver: async () => {
        throw new Error('broken');
      },
    });
    bus.start();
    full = true;
    const poison = said('a');
    bus.publish([poison]);
    await expect.poll(() => logged).toContain('a message became a dead letter');
    expect(bus.waiting()).toBe(1);
    full = false;
    expect(bus.waiting()).toBe(0);
    expect(bench.file.deadLetters({})).toMatchObject([{ factId: poison.id, tries: 4 }]);
  });
});
