/** The embedded store backed up and restored as docs/operations.md says. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRelay } from '../infra/local/relay.ts';
import type { Platform } from '../shared/platform/scope.ts';
import { openSqliteStore } from '../shared/platform/store.sqlite.ts';
import { counted, countRings, hang, ring, rings } from './support/bells.ts';
import { type TestPlatform, testPlatform } from './support/platform.ts';

let platform: TestPlatform;
let folder: string;
beforeEach(async () => {
  platform = await testPlatform();
  folder = await mkdtemp(join(tmpdir(), 'marquee-restored-'));
});
afterEach(async () => {
  await platform.close();
  await rm(folder, { recursive: true });
});

/** Rings so often, and waits until all is counted. */
async function ringing(on: Platform, at: string, times: number): Promise<void> {
  const relay = startRelay({ platform: on, reactions: [countRings], folder: at, poll: 20 });
  for (let time = 0; time < times; time += 1) await ring(on, 'a');
  await relay.drained();
  await relay.stop();
}

/** A store that was backed up after the second ring, while a third was being written, and is put in place after the fifth. */
async function restored(keepBus: boolean): Promise<Platform> {
  await hang(platform, 'a');
  await ringing(platform, platform.folder, 2);
  const third = ring(platform, 'a');
  const db = new Database(join(platform.folder, 'marquee.db'));
  db.exec(`VACUUM INTO '${join(folder, 'marquee.db')}'`);
  db.close();
  await third;
  await ringing(platform, platform.folder, 2);
  expect(await counted(platform, 'a')).toEqual(rings(5));
  const bus = (await readdir(platform.folder)).filter((name) => name.startsWith('bus.db'));
  if (keepBus) for (const name of bus) await cp(join(platform.folder, name), join(folder, name));
  return { ...platform, store: openSqliteStore({ file: join(folder, 'marquee.db'), clock: platform.clock }) };
}

test('what was there at the backup is there again, no effect comes twice, and what follows has its effect', async () => {
  const again = await restored(false);
  const before = await counted(again, 'a');
  expect([rings(2), rings(3)]).toContainEqual(before);
  await ringing(again, folder, 2);
  const after = await counted(again, 'a');
  expect(after.slice(0, before.length)).toEqual(before);
  // The third may have come into the backup with its fact; then it is counted now.
  expect([rings(4), rings(5)]).toContainEqual(after);
  await again.store.close();
});

test('twin: with the old bus.db what follows has none', async () => {
  const again = await restored(true);
  await ringing(again, folder, 1);
  expect((await counted(again, 'a')).length).toBeLessThan(3);
  await again.store.close();
});
