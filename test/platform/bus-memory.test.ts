/** What is in the file and what is in memory alone: together they are delivered once each, and in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LocalBusOptions } from '../../infra/local/bus.ts';
import { type BusFile, messageOf } from '../../infra/local/bus-file.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import {
  type BusBench,
  busBench,
  deferred,
  hearing,
  hears,
  idsOf,
  limitsOf,
  ofSubject,
  said,
  stepsOf,
  stumbling,
} from '../support/local-bus.ts';

let bench: BusBench;
beforeEach(async () => {
  bench = await busBench();
});
afterEach(() => bench.close());

test('are delivered once each and in order, however little room there is in memory (property)', async () => {
  const step = stepsOf('go on', 'wait', 'write', 'publish again');
  const limits = limitsOf({ sideBySide: 3, mostHeld: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), limits, async (steps, more) => {
      const facts = steps.map(({ subject }) => said(subject));
      const stumble = stumbling(facts.map(({ id }, at) => [id, steps[at]?.failures ?? 0]));
      const { bus, heard } = hearing(bench, more, stumble);
      bus.start();
      for (const [at, { act }] of steps.entries()) {
        const next = facts.slice(at, at + 1);
        bus.publish(next);
        if (act === 'wait') await sleep(1);
        if (act === 'write') bus.waiting();
        if (act === 'publish again') bus.publish(next);
      }
      expect(await bus.idle(5000)).toBe(true);
      for (const subject of ['a', 'b', 'c']) {
        expect(idsOf(heard.filter(ofSubject(subject)))).toEqual(idsOf(facts.filter(ofSubject(subject))));
      }
      await bus.stop();
    }),
    { numRuns: 40 },
  );
});

test('what the last run left in the file comes before what is new of its subject, though it is not taken up yet', async () => {
  const release = deferred();
  const heard: Fact[] = [];
  const left = [...Array.from({ length: 150 }, () => said('other')), said('a')];
  bench.file.write({ added: left.map((fact) => messageOf('ears', fact)) });
  const bus = bench.opened(
    async (_, fact) => {
      await release.promise;
      heard.push(fact);
    },
    { sideBySide: 1 },
  );
  bus.start();
  const fresh = said('a');
  bus.publish([fresh]);
  release.resolve();
  expect(await bus.idle(5000)).toBe(true);
  expect(heard).toHaveLength(152);
  expect(idsOf(heard.filter(ofSubject('a')))).toEqual(idsOf([...left.filter(ofSubject('a')), fresh]));
});

test('a fact that is published again while its message is held is delivered once: in memory, in the file, in hand', async () => {
  const release = deferred();
  const heard: string[] = [];
  const bus = bench.opened(async (_, { id }) => {
    heard.push(id);
    await release.promise;
  });
  bus.start();
  const facts = [said('a'), said('a'), said('b')];
  bus.publish(facts);
  bus.publish(facts);
  await expect.poll(() => heard).toHaveLength(2);
  bus.publish(facts);
  expect(bus.waiting()).toBe(3);
  bus.publish(facts);
  expect(bus.waiting()).toBe(3);
  release.resolve();
  expect(await bus.idle(2000)).toBe(true);
  expect(heard.toSorted()).toEqual(idsOf(facts).toSorted());
});

test('a fact that is a dead letter is not told again when it is published again; the other reaction is told', async () => {
  const told: string[] = [];
  const bus = bench.opened(
    async ({ name }, { id }) => {
      told.push(`${name} ${id}`);
      if (name === 'broken') throw new Error('broken');
    },
    { reactions: [hears('broken', 'Said'), hears('whole', 'Said')] },
  );
  bus.start();
  const fact = said('a');
  bus.publish([fact]);
  expect(await bus.idle(2000)).toBe(true);
  expect(told).toHaveLength(5);
  bus.publish([fact]);
  expect(await bus.idle(2000)).toBe(true);
  expect(told.slice(5)).toEqual([`whole ${fact.id}`]);
});

test('dead letters that another process replays are taken up beside the messages held in memory, once each', async () => {
  let broken = true;
  const release = deferred();
  const heard: Fact[] = [];
  const bus = bench.opened(async (_, fact) => {
    if (broken) throw new Error('broken');
    heard.push(fact);
    if (fact.subject === 'slow') await release.promise;
  });
  bus.start();
  const dead = [said('a'), said('b')];
  bus.publish(dead);
  expect(await bus.idle(2000)).toBe(true);
  broken = false;
  const held = [said('slow'), said('slow'), said('slow')];
  bus.publish(held);
  const other = bench.elsewhere();
  expect(other.replay({})).toBe(2);
  // The numbers of those in memory come after those of the replayed ones.
  expect(bus.waiting()).toBe(5);
  bus.look();
  await expect.poll(() => heard).toHaveLength(3);
  const more = [said('slow'), said('a')];
  bus.publish(more);
  release.resolve();
  expect(await bus.idle(2000)).toBe(true);
  expect(idsOf(heard).toSorted()).toEqual(idsOf([...dead, ...held, ...more]).toSorted());
  expect(idsOf(heard.filter(ofSubject('slow')))).toEqual(idsOf([...held, ...more].filter(ofSubject('slow'))));
  expect([other.count(), other.deadLetters({})]).toEqual([0, []]);
});

test('more than some hundreds that nobody takes do not stay in memory alone', () => {
  const bus = bench.opened(() => new Promise(() => {}));
  bus.start();
  for (let n = 1; n <= 100; n += 1) bus.publish(Array.from({ length: 20 }, () => said('a')));
  expect(bench.file.count()).toBeGreaterThan(1300);
  expect(bus.waiting()).toBe(2000);
});

test('more than may be held wait in the file alone, and are read back in order', async () => {
  let stuck = true;
  const heard: Fact[] = [];
  const retry = { tries: 1000, firstDelay: 5, longestDelay: 5 };
  const deliver: LocalBusOptions['deliver'] = async (_, fact) => {
    if (stuck && fact.subject === 'stuck') throw new Error('not now');
    heard.push(fact);
  };
  let read = 0;
  const file: BusFile = {
    ...bench.file,
    waiting(...asked) {
      const page = bench.file.waiting(...asked);
      read += page.length;
      return page;
    },
  };
  const bus = bench.opened(deliver, { retry, mostHeld: 150, file });
  bus.start();
  const facts = Array.from({ length: 700 }, () => said('stuck'));
  bus.publish(facts.slice(0, 100));
  bus.publish(facts.slice(100, 200));
  expect([read, bench.file.count()]).toEqual([0, 0]);
  for (let from = 200; from < 700; from += 100) bus.publish(facts.slice(from, from + 100));
  bus.publish([said('behind them')]);
  await sleep(50);
  expect([read, bench.file.count(), heard.length]).toEqual([0, 701, 0]);
  stuck = false;
  expect(await bus.idle(5000)).toBe(true);
  expect(idsOf(heard.filter(ofSubject('stuck')))).toEqual(idsOf(facts));
  expect(heard).toHaveLength(701);
  expect(read).toBeGreaterThan(500);
});
