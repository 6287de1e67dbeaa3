import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LocalBusOptions } from '../../infra/local/bus.ts';
import { type BusFile, messageOf } from '../../infra/local/bus-file.ts';
import { type BusBench, busBench, deferred, hears, said } from '../support/local-bus.ts';

let bench: BusBench;
beforeEach(async () => {
  bench = await busBench();
});
afterEach(() => bench.close());

describe('dead letters', () => {
  test('a message that keeps failing is buried with its error; its subject goes on; a replay has the effect', async () => {
    const delivered: string[] = [];
    let tries = 0;
    const poison = said('a');
    let curable = false;
    const bus = bench.opened(async (_, { id }) => {
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
    const [letter] = bench.file.deadLetters({});
    expect(letter).toMatchObject({ reaction: 'ears', factId: poison.id, type: 'Said', subject: 'a', tries: 4 });
    expect(letter?.error).toContain('the till is empty');
    curable = true;
    expect(bench.file.replay({ id: poison.id })).toBe(1);
    expect(bench.file.deadLetters({})).toEqual([]);
    bus.look();
    expect(await bus.idle(2000)).toBe(true);
    expect(delivered).toEqual([after.id, poison.id]);
  });

  test('are found and replayed by reaction and by fact', async () => {
    const bus = bench.opened(
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
      bench.file.deadLetters(filter).map(({ reaction: name, factId }) => [name, factId]);
    expect(found({})).toHaveLength(4);
    expect(found({ reaction: 'two', id: first.id })).toEqual([['two', first.id]]);
    expect(bench.file.replay({ reaction: 'one' })).toBe(2);
    expect(found({ id: second.id })).toEqual([['two', second.id]]);
    expect(bench.file.replay({ id: 'no such fact' })).toBe(0);
  });

  test('a message that is no fact is buried, and so are those of a reaction that is no more', async () => {
    const strange = { ...said('a'), orgid: '' };
    bench.file.write({ added: [messageOf('ears', strange), messageOf('retired', said('b'))] });
    const bus = bench.opened(async () => {});
    bus.start();
    expect(await bus.idle(2000)).toBe(true);
    const errors = new Map(bench.file.deadLetters({}).map(({ reaction: name, error }) => [name, error]));
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
    const first = bench.opened(deliver, { retry: { tries: 4, firstDelay: 60_000, longestDelay: 60_000 } });
    first.start();
    first.publish([said('a'), said('b')]);
    await expect.poll(() => broken).toBe(0);
    await first.stop();
    bench.reopen();
    expect(bench.file.waiting('ears', 0, 10)).toMatchObject([{ tries: 1 }]);
    const second = bench.opened(deliver);
    second.start();
    expect(await second.idle(2000)).toBe(true);
    expect(delivered).toEqual(['a', 'b']);
  });

  test('a stop lets what is in flight end, and begins nothing new', async () => {
    const release = deferred();
    let begun = 0;
    let ended = 0;
    const bus = bench.opened(
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
    expect([begun, ended, bench.file.count()]).toEqual([2, 2, 8]);
  });
});

test('the relay moves its position with the messages, or not at all', () => {
  bench.file.write({ added: [messageOf('ears', said('a'))], positions: [{ feed: 'events', value: '5' }] });
  expect([bench.file.position('events'), bench.file.position('claims'), bench.file.count()]).toEqual([
    '5',
    undefined,
    1,
  ]);
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const broken = { ...said('b'), data: cyclic };
  const added = [said('c'), broken].map((fact) => messageOf('ears', fact));
  expect(() => bench.file.write({ added, positions: [{ feed: 'events', value: '9' }] })).toThrow();
  expect([bench.file.position('events'), bench.file.count()]).toEqual(['5', 1]);
});
