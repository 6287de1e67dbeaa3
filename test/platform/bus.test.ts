import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LocalBusOptions } from '../../infra/local/bus.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { namingProblems } from '../../shared/platform/react.ts';
import { timer } from '../../shared/platform/reaction.ts';
import { type BusBench, busBench, deferred, hears, said } from '../support/local-bus.ts';

let bench: BusBench;
beforeEach(async () => {
  bench = await busBench();
});
afterEach(() => bench.close());

test('messages of one subject are delivered in order, one at a time, failures and retries included', async () => {
  const delivered: Fact[] = [];
  const busy = new Set<string>();
  let overlaps = 0;
  const failsOften = new Set<string>();
  const bus = bench.opened(async (_, fact) => {
    if (busy.has(fact.subject)) overlaps += 1;
    busy.add(fact.subject);
    await sleep(Math.random() * 3);
    busy.delete(fact.subject);
    if (!failsOften.has(fact.id) && Math.random() < 0.3) {
      failsOften.add(fact.id);
      throw new Error('not now');
    }
    delivered.push(fact);
  });
  const subjects = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
  const facts = Array.from({ length: 15 }, () => subjects.map((subject) => said(subject))).flat();
  for (let from = 0; from < facts.length; from += 20) bus.publish(facts.slice(from, from + 20));
  bus.start();
  expect(await bus.idle(5000)).toBe(true);
  expect(overlaps).toBe(0);
  expect(failsOften.size).toBeGreaterThan(5);
  for (const subject of subjects) {
    const own = (from: readonly Fact[]) => from.filter((fact) => fact.subject === subject).map(({ id }) => id);
    expect(own(delivered)).toEqual(own(facts));
  }
});

test('the order per subject holds for any mix of subjects and failures (property)', async () => {
  const messages = fc.array(fc.record({ subject: fc.constantFrom('a', 'b', 'c'), failures: fc.nat(2) }), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(messages, fc.integer({ min: 1, max: 4 }), async (mix, sideBySide) => {
      const delivered: string[] = [];
      const facts = mix.map(({ subject }) => said(subject));
      const left = new Map(facts.map(({ id }, at) => [id, mix[at]?.failures ?? 0]));
      const deliver: LocalBusOptions['deliver'] = async (_, { id }) => {
        const failures = left.get(id) ?? 0;
        left.set(id, failures - 1);
        if (failures > 0) throw new Error('not now');
        delivered.push(id);
      };
      const retry = { tries: 4, firstDelay: 0.1, longestDelay: 1 };
      const bus = bench.opened(deliver, { sideBySide, retry });
      bus.start();
      for (const fact of facts) bus.publish([fact]);
      expect(await bus.idle(5000)).toBe(true);
      expect(delivered.toSorted()).toEqual(facts.map(({ id }) => id).toSorted());
      for (const subject of ['a', 'b', 'c']) {
        const own = facts.filter((fact) => fact.subject === subject).map(({ id }) => id);
        expect(delivered.filter((id) => own.includes(id))).toEqual(own);
      }
      await bus.stop();
    }),
    { numRuns: 25 },
  );
});

test('a slow subject holds up neither other subjects nor other reactions', async () => {
  const release = deferred();
  const delivered: string[] = [];
  const bus = bench.opened(
    async ({ name }, { subject }) => {
      if (name === 'slow' && subject === 'stuck') await release.promise;
      delivered.push(`${name} ${subject}`);
    },
    { reactions: [hears('slow', 'Said'), hears('quick', 'Said')] },
  );
  bus.start();
  bus.publish([said('stuck'), said('stuck'), said('stuck'), said('free'), said('other')]);
  await expect.poll(() => delivered.length).toBe(7);
  expect(delivered).toContain('slow free');
  expect(delivered.filter((one) => one === 'quick stuck')).toHaveLength(3);
  release.resolve();
  expect(await bus.idle(2000)).toBe(true);
  expect(delivered).toHaveLength(10);
});

test('a reaction whose every place is taken by slow subjects holds up no other reaction', async () => {
  const release = deferred();
  let quick = 0;
  const bus = bench.opened(
    async ({ name }) => {
      if (name === 'slow') await release.promise;
      else quick += 1;
    },
    { reactions: [hears('slow', 'Said'), hears('quick', 'Said')], sideBySide: 2 },
  );
  bus.start();
  bus.publish(Array.from({ length: 50 }, (_, at) => said(`subject ${at}`)));
  await expect.poll(() => quick).toBe(50);
  release.resolve();
  expect(await bus.idle(2000)).toBe(true);
});

test('more messages than a page, most behind a subject that waits for its retry, still let others through', async () => {
  let fail = true;
  const delivered: string[] = [];
  const bus = bench.opened(
    async (_, { subject }) => {
      if (subject === 'stuck' && fail) throw new Error('not now');
      delivered.push(subject);
    },
    { retry: { tries: 100, firstDelay: 50, longestDelay: 50 } },
  );
  bus.publish(Array.from({ length: 500 }, () => said('stuck')));
  bus.publish([said('free')]);
  bus.start();
  await expect.poll(() => delivered).toEqual(['free']);
  fail = false;
  expect(await bus.idle(5000)).toBe(true);
  expect(delivered).toHaveLength(501);
});

test('a fact that is still waiting or is a dead letter is taken once per reaction', async () => {
  let broken = true;
  const delivered: string[] = [];
  const bus = bench.opened(async (_, { id }) => {
    if (broken) throw new Error('broken');
    delivered.push(id);
  });
  const fact = said('a');
  bus.publish([fact]);
  bus.publish([fact, fact]);
  expect(bus.waiting()).toBe(1);
  bus.start();
  await bus.idle(2000);
  expect(bench.file.deadLetters({})).toHaveLength(1);
  bus.publish([fact]);
  expect(bus.waiting()).toBe(0);
  broken = false;
  bench.file.replay({});
  bus.look();
  await bus.idle(2000);
  expect(delivered).toEqual([fact.id]);
});

test('reactions and timers are named once, in kebab-case, and name real fact types', () => {
  const tick = (name: string) => timer({ name, schedule: '0 0 3 * * *', async handle() {} });
  expect(namingProblems([hears('confirm-claims', 'EventCreated')], [tick('confirm-claims')])).toEqual([]);
  const problems = namingProblems(
    [hears('Bad_Name', 'EventCreated'), hears('twice', 'A', 'A'), hears('twice'), hears('odd', 'event created')],
    [tick('late'), tick('late')],
  );
  expect(problems).toHaveLength(6);
});
