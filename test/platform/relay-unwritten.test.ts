/** The relay while the bus's file lags behind, or cannot be written. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { openBusFile } from '../../infra/local/bus-file.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { bellFacts, counted, hang, ring, rings } from '../support/bells.ts';
import { copyBus } from '../support/local-bus.ts';
import type { TestPlatform } from '../support/platform.ts';
import { relaysOf } from '../support/relays.ts';

let platform: TestPlatform;
const { relaying } = relaysOf((one) => {
  platform = one;
});

test('what was told and not written before a crash is told again, and nothing is lost', async () => {
  const [told, again]: [string[], string[]] = [[], []];
  const hearing = (heard: string[]) => ({
    deliver: async (_: unknown, { subject, data }: Fact) => void heard.push(`${subject}${data.ring}`),
  });
  await Promise.all(['a', 'b'].map((id) => hang(platform, id)));
  const relay = relaying({ ...hearing(told), lag: 60_000 });
  await ring(platform, 'a');
  expect(await relay.drained()).toBe(true);
  for (const id of ['b', 'b', 'a']) await ring(platform, id);
  relay.wake();
  await expect.poll(() => told).toHaveLength(4);
  const folder = join(platform.folder, 'killed');
  await mkdir(folder);
  copyBus(platform.folder, folder);
  expect(await relaying({ ...hearing(again), folder }).drained()).toBe(true);
  expect(again.toSorted()).toEqual(['a2', 'b1', 'b2']);
  expect(again.indexOf('b1')).toBeLessThan(again.indexOf('b2'));
});

test('a relay whose bus.db cannot be written says so to the readiness probe, waits, and loses nothing', async () => {
  await hang(platform, 'a');
  const relay = relaying();
  await relay.drained();
  const other = new Database(join(platform.folder, 'bus.db'));
  other.exec('BEGIN IMMEDIATE');
  await ring(platform, 'a');
  relay.wake();
  await expect.poll(() => counted(platform, 'a')).toEqual(rings(1));
  await expect
    .poll(
      async () => {
        await ring(platform, 'a');
        return relay.ping().then(
          () => 'up',
          () => 'down',
        );
      },
      { timeout: 15_000 },
    )
    .toBe('down');
  const file = openBusFile(platform.folder);
  other.exec('ROLLBACK');
  other.close();
  expect(await relay.drained(15_000)).toBe(true);
  expect(file.count()).toBe(0);
  file.close();
  const rung = (await bellFacts(platform)).filter(({ type }) => type === 'BellRung');
  expect(await counted(platform, 'a')).toEqual(rings(rung.length));
  await relay.ping();
}, 30_000);
