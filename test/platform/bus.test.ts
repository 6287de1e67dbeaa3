import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LocalBus, type LocalBusOptions, localBus } from '../../infra/local/bus.ts';
import { type BusFile, openBusFile } from '../../infra/local/bus-file.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { namingProblems } from '../../shared/platform/react.ts';
import { type Reaction, reaction, timer } from '../../shared/platform/reaction.ts';
import { ORG } from '../support/bells.ts';
import { silentLog, testClock } from '../support/platform.ts';

let folder: string;
let file: BusFile;
let buses: LocalBus[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-bus-'));
  file = openBusFile(folder);
  buses = [];
});
afterEach(async () => {
  for (const bus of buses) await bus.stop(100);
  file.close();
  await rm(folder, { recursive: true, force: true });
});

const hears = (name: string, ...on: string[]): Reaction => reaction({ name, on, async handle() {} });

function opened(deliver: LocalBusOptions['deliver'], more: Partial<LocalBusOptions> = {}): LocalBus {
  const retry = { tries: 4, firstDelay: 2, longestDelay: 10 };
  const clock = testClock();
  const bus = localBus({ file, reactions: [hears('ears', 'Said')], deliver, clock, log: silentLog, retry, ...more });
  buses.push(bus);
  return bus;
}

let sequence = 0;
function said(subject: string, type = 'Said'): Fact {
  sequence += 1;
  return {
    specversion: '1.0',
    id: systemIds.next(),
    type,
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

test('messages of one subject are delivered in order, one at a time, failures and retries included', async () => {
  const delivered: Fact[] = [];
  const busy = new Set<string>();
  let overlaps = 0;
  const failsOften = new Set<string>();
  const bus = opened(async (_, fact) => {
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
      const bus = opened(deliver, { sideBySide, retry });
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
  const bus = opened(
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
  const bus = opened(
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
  const bus = opened(
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
  const bus = opened(async (_, { id }) => {
    if (broken) throw new Error('broken');
    delivered.push(id);
  });
  const fact = said('a');
  bus.publish([fact]);
  bus.publish([fact, fact]);
  expect(bus.waiting()).toBe(1);
  bus.start();
  await bus.idle(2000);
  expect(file.deadLetters({})).toHaveLength(1);
  bus.publish([fact]);
  expect(bus.waiting()).toBe(0);
  broken = false;
  file.replay({});
  bus.look();
  await bus.idle(2000);
  expect(delivered).toEqual([fact.id]);
});

describe('dead letters', () => {
  test('a message that keeps failing is buried with its error; its subject goes on; a replay has the effect', async () => {
    const delivered: string[] = [];
    let tries = 0;
    const poison = said('a');
    let curable = false;
    const bus = opened(async (_, { id }) => {
      if (id === poison.id && !curable) {
        tries += 1;
        throw new Error('the till is empty');
      }
      delivered.push(id);
    });
    bus.start();
    const after = said('a');
    bus.publish([poison, after]);
    expect(await bus.idle(2000)).toBe(true);
    expect(tries).toBe(4);
    expect(delivered).toEqual([after.id]);
    const [letter] = file.deadLetters({});
    expect(letter).toMatchObject({ reaction: 'ears', factId: poison.id, type: 'Said', subject: 'a', tries: 4 });
    expect(letter?.error).toContain('the till is empty');
    curable = true;
    expect(file.replay({ id: poison.id })).toBe(1);
    expect(file.deadLetters({})).toEqual([]);
    bus.look();
    expect(await bus.idle(2000)).toBe(true);
    expect(delivered).toEqual([after.id, poison.id]);
  });

  test('are found and replayed by reaction and by fact', async () => {
    const bus = opened(
      async () => {
        throw new Error('broken');
      },
      { reactions: [hears('one', 'Said'), hears('two', 'Said')] },
    );
    bus.start();
    const [first, second] = [said('a'), said('b')];
    bus.publish([first, second]);
    await bus.idle(2000);
    await bus.stop();
    const found = (filter: Parameters<BusFile['deadLetters']>[0]) =>
      file.deadLetters(filter).map(({ reaction: name, factId }) => [name, factId]);
    expect(found({})).toHaveLength(4);
    expect(found({ reaction: 'two', id: first.id })).toEqual([['two', first.id]]);
    expect(file.replay({ reaction: 'one' })).toBe(2);
    expect(found({ id: second.id })).toEqual([['two', second.id]]);
    expect(file.replay({ id: 'no such fact' })).toBe(0);
  });

  test('a message that is no fact is buried, and so are those of a reaction that is no more', async () => {
    const strange = { ...said('a'), orgid: '' };
    file.add([
      { reaction: 'ears', fact: strange },
      { reaction: 'retired', fact: said('b') },
    ]);
    const bus = opened(async () => {});
    bus.start();
    expect(await bus.idle(2000)).toBe(true);
    const errors = new Map(file.deadLetters({}).map(({ reaction: name, error }) => [name, error]));
    expect(errors.get('ears')).toContain('not a fact: orgid');
    expect(errors.get('retired')).toContain('no reaction of this name');
  });
});

describe('over a restart', () => {
  test('what was not delivered is kept, tries included; what was delivered does not come back', async () => {
    const delivered: string[] = [];
    let broken = 1;
    const deliver: LocalBusOptions['deliver'] = async (_, { subject }) => {
      if (subject === 'b' && broken > 0) {
        broken -= 1;
        throw new Error('broken');
      }
      delivered.push(subject);
    };
    const first = opened(deliver, { retry: { tries: 4, firstDelay: 60_000, longestDelay: 60_000 } });
    first.start();
    first.publish([said('a'), said('b')]);
    await expect.poll(() => broken).toBe(0);
    await first.stop();
    file.close();
    file = openBusFile(folder);
    expect(file.waiting('ears', 0, 10)).toMatchObject([{ tries: 1 }]);
    const second = opened(deliver);
    second.start();
    expect(await second.idle(2000)).toBe(true);
    expect(delivered).toEqual(['a', 'b']);
  });

  test('a stop lets what is in flight end, and begins nothing new', async () => {
    const release = deferred();
    let begun = 0;
    let ended = 0;
    const bus = opened(
      async () => {
        begun += 1;
        await release.promise;
        ended += 1;
      },
      { sideBySide: 2 },
    );
    bus.start();
    bus.publish(Array.from({ length: 10 }, (_, at) => said(`subject ${at}`)));
    await expect.poll(() => begun).toBe(2);
    const stopping = bus.stop();
    release.resolve();
    await stopping;
    expect([begun, ended, file.count()]).toEqual([2, 2, 8]);
  });
});

test('the relay moves its position with the messages, or not at all', () => {
  file.add([{ reaction: 'ears', fact: said('a') }], { feed: 'events', value: '5' });
  expect([file.position('events'), file.position('claims'), file.count()]).toEqual(['5', undefined, 1]);
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const broken = { ...said('b'), data: cyclic };
  const batch = [said('c'), broken].map((fact) => ({ reaction: 'ears', fact }));
  expect(() => file.add(batch, { feed: 'events', value: '9' })).toThrow();
  expect([file.position('events'), file.count()]).toEqual(['5', 1]);
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

function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
