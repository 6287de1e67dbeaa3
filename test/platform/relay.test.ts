import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { messageOf, openBusFile } from '../../infra/local/bus-file.ts';
import type { RelayOptions } from '../../infra/local/relay.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { factOf } from '../../shared/platform/facts.ts';
import { runReaction } from '../../shared/platform/react.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import { bellFacts, counted, countUnguarded, hang, ORG, ring, rings, tallies } from '../support/bells.ts';
import { type TestPlatform, testScope } from '../support/platform.ts';
import { relaysOf } from '../support/relays.ts';

let platform: TestPlatform;
const { relaying, stopped } = relaysOf((one) => {
  platform = one;
});

async function audited(subject: string) {
  const page = await testScope(platform, ORG).documents('audit', subject).query({ kind: 'fact', limit: 1000 });
  return page.items.map(({ document }) => factOf(document));
}

test('a committed fact is copied to the audit trail and told to each reaction that asked for its type', async () => {
  const told: string[] = [];
  const hears = (name: string, on: string[]) =>
    reaction({
      name,
      on,
      async handle(fact) {
        told.push(`${name}: ${fact.type}`);
      },
    });
  const relay = relaying({ reactions: [hears('one', ['BellHung', 'BellRung']), hears('two', ['BellRung'])] });
  await hang(platform, 'a');
  await ring(platform, 'a');
  expect(await relay.drained()).toBe(true);
  expect(told.sort()).toEqual(['one: BellHung', 'one: BellRung', 'two: BellRung']);
  expect((await audited('a')).map(({ type }) => type)).toEqual(['BellHung', 'BellRung']);
  expect(await audited('a')).toEqual(await bellFacts(platform));
});

test('a reaction works as the system, in the organization and under the correlation of its fact', async () => {
  const relay = relaying();
  await hang(platform, 'a');
  await ring(platform, 'a');
  await relay.drained();
  const [cause] = (await audited('a')).filter(({ type }) => type === 'BellRung');
  const effect = (await audited('tally-a')).find(({ data }) => data.ring === '1');
  expect(effect).toMatchObject({
    orgid: ORG,
    actorid: 'system',
    correlationid: cause?.correlationid,
    causationid: cause?.id,
  });
});

test('facts of before the start are relayed, and a restart relays none again', async () => {
  await hang(platform, 'a');
  await ring(platform, 'a');
  const told: string[] = [];
  const deliver = async (_: unknown, { id }: { id: string }) => {
    told.push(id);
  };
  const first = relaying({ deliver });
  await first.drained();
  await stopped(first);
  expect(told).toHaveLength(1);
  await ring(platform, 'a');
  await relaying({ deliver }).drained();
  expect(told).toHaveLength(2);
});

describe('exactly once', () => {
  const bellsAndRings = { bells: 6, rings: 5 };
  const ids = Array.from({ length: bellsAndRings.bells }, (_, at) => `bell-${at}`);

  async function rung(): Promise<void> {
    await Promise.all(ids.map((id) => hang(platform, id)));
    for (let n = 0; n < bellsAndRings.rings; n += 1) await Promise.all(ids.map((id) => ring(platform, id)));
  }

  async function tallied(): Promise<string[][]> {
    return Promise.all(ids.map((id) => counted(platform, id)));
  }
  const onceEach = ids.map(() => rings(bellsAndRings.rings));

  /** The whole outbox a second time, as after a lost position; the subjects in the opposite order. */
  async function again(deliver: RelayOptions['deliver']): Promise<void> {
    const facts = await bellFacts(platform);
    const file = openBusFile(platform.folder);
    const rung = facts.filter(({ type }) => type === 'BellRung');
    for (const id of [...ids].reverse()) {
      const own = rung.filter(({ subject }) => subject === id);
      file.write({ added: own.map((fact) => messageOf('count-rings', fact)) });
    }
    file.close();
    await relaying({ ...(deliver ? { deliver } : {}) }).drained();
  }

  test('each fact delivered twice, and out of order across subjects, has its effect once', async () => {
    await rung();
    const first = relaying();
    await first.drained();
    await stopped(first);
    await again(undefined);
    expect(await tallied()).toEqual(onceEach);
  });

  test('twin: without the done marker the second delivery doubles the effect', async () => {
    await rung();
    const deliver = countUnguarded(platform);
    const first = relaying({ deliver });
    await first.drained();
    await stopped(first);
    await again(deliver);
    expect((await tallied()).flat()).toHaveLength(2 * bellsAndRings.bells * bellsAndRings.rings);
  });

  /** Every first delivery has its effect and is then not acknowledged. */
  function crashing(deliver: NonNullable<RelayOptions['deliver']>): NonNullable<RelayOptions['deliver']> {
    const crashed = new Set<string>();
    return async (reaction, fact) => {
      await deliver(reaction, fact);
      if (crashed.has(fact.id)) return;
      crashed.add(fact.id);
      throw new Error('crashed before the acknowledgement');
    };
  }

  test('a crash between effect and acknowledgement does not double the effect', async () => {
    const relay = relaying({ deliver: crashing((reaction, fact) => runReaction(platform, reaction, fact)) });
    await rung();
    expect(await relay.drained()).toBe(true);
    expect(await tallied()).toEqual(onceEach);
  });

  test('twin: without the done marker that crash doubles the effect', async () => {
    const relay = relaying({ deliver: crashing(countUnguarded(platform)) });
    await rung();
    expect(await relay.drained()).toBe(true);
    expect((await tallied()).flat()).toHaveLength(2 * bellsAndRings.bells * bellsAndRings.rings);
  });

  test('what a reaction makes has the same id at the second delivery', async () => {
    const made: string[] = [];
    const mint = reaction({
      name: 'mint',
      on: ['BellHung'],
      async handle(_, scope) {
        made.push(scope.newId(), scope.newId());
        if (made.length === 2) throw new Error('once more');
      },
    });
    const relay = relaying({ reactions: [mint] });
    await hang(platform, 'a');
    await relay.drained();
    expect(made).toHaveLength(4);
    expect(made.slice(2)).toEqual(made.slice(0, 2));
    expect(new Set(made).size).toBe(2);
  });
});

describe('two processes on one data folder', () => {
  /** Two relays at work; how often each fact was delivered, over both. */
  async function deliveries(more: Partial<RelayOptions>): Promise<number[]> {
    const times = new Map<string, number>();
    const deliver: RelayOptions['deliver'] = async (_, { id }) => {
      times.set(id, (times.get(id) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 3));
    };
    const twin = platform.twin();
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => hang(twin, id)));
    const both = [relaying({ deliver, ...more }), relaying({ platform: twin, deliver, ...more })];
    for (let n = 0; n < 10; n += 1) await Promise.all(['a', 'b', 'c', 'd'].map((id) => ring(platform, id)));
    for (const relay of both) expect(await relay.drained()).toBe(true);
    return [...times.values()];
  }

  test('deliver each message once, whichever of them relays', async () => {
    expect(await deliveries({})).toEqual(Array.from({ length: 40 }, () => 1));
  });

  test('twin: when both deliver at once, messages are handled more than once', async () => {
    const times = await deliveries({ alone: false });
    expect(times).toHaveLength(40);
    expect(Math.max(...times)).toBeGreaterThan(1);
  });

  test('see what the other commits, even while there is always something of their own to relay', async () => {
    await Promise.all(['a', 'b'].map((id) => hang(platform, id)));
    const relay = relaying({ poll: 30 });
    let busy = true;
    const ringing = (async () => {
      while (busy) {
        await testScope(platform, ORG)
          .of(tallies)
          .create(systemIds.next(), () => [{ type: 'RingCounted', data: { ring: '' } }]);
        relay.wake('events');
      }
    })();
    try {
      await sleep(200);
      await ring(platform.twin(), 'b');
      await expect.poll(() => counted(platform, 'b'), { timeout: 2000 }).toEqual(rings(1));
    } finally {
      busy = false;
      await ringing;
    }
  });

  test('take over from each other: when one stops, the other goes on', async () => {
    await hang(platform, 'a');
    const first = relaying();
    await first.drained();
    const second = relaying({ platform: platform.twin() });
    await stopped(first);
    await ring(platform, 'a');
    expect(await second.drained()).toBe(true);
    expect(await counted(platform, 'a')).toEqual(rings(1));
  });
});

test('a relay whose store fails says so to the readiness probe, tries again and loses nothing', async () => {
  await hang(platform, 'a');
  let down = true;
  const store = { ...platform.store };
  store.changes = (container, from) => {
    if (down) throw new Error('the store is down');
    return platform.store.changes(container, from);
  };
  const relay = relaying({ platform: { ...platform, store } });
  const state = () =>
    relay.ping().then(
      () => 'up',
      () => 'down',
    );
  await expect.poll(state).toBe('down');
  down = false;
  await ring(platform, 'a');
  await expect.poll(() => counted(platform, 'a'), { timeout: 5000 }).toEqual(rings(1));
  expect(await relay.drained()).toBe(true);
  await expect.poll(state).toBe('up');
});
