import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type OneServes, oneServes } from '../../infra/local/one-serves.ts';
import { silentLog } from '../support/platform.ts';
import { closed, onFreePort } from '../support/servers.ts';

const Place = z.object({ endpoint: z.string() });
type Place = z.output<typeof Place>;

let folder: string;
let all: OneServes<Place>[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-one-'));
  all = [];
});
afterEach(async () => {
  for (const one of all) await one.stop();
  await rm(folder, { recursive: true });
});

/** One of several processes on the folder, as it were; serves on a port of its own, once `before` is done. */
async function one(before: () => Promise<unknown> = async () => {}): Promise<OneServes<Place>> {
  const started = await oneServes({
    folder,
    name: 'door',
    place: Place,
    log: silentLog,
    async serve() {
      await before();
      const server = createServer((_, response) => response.end('open'));
      const { origin: endpoint } = await onFreePort(server);
      return { place: { endpoint }, close: () => closed(server) };
    },
  });
  all.push(started);
  return started;
}

const opens = async ({ endpoint }: Place) => (await fetch(endpoint)).text();

test('one serves, the others know where; when it goes one of them serves, and the third knows where', async () => {
  const first = await one();
  const [second, third] = [await one(), await one()];
  expect([first, second, third].map((process) => process.serves())).toEqual([true, false, false]);
  expect([second.place(), third.place()]).toEqual([first.place(), first.place()]);
  await first.stop();
  const others = [second, third];
  await vi.waitUntil(() => others.some((process) => process.serves()), 5000);
  const next = others.find((process) => process.serves());
  await vi.waitFor(() => expect(others.map((process) => process.place())).toEqual([next?.place(), next?.place()]));
  expect(next?.place()).not.toEqual(first.place());
  expect(others.filter((process) => process.serves())).toHaveLength(1);
  expect(await opens(second.place())).toBe('open');
});

test('a place of the last run, where nobody answers, is not taken for that of this one', async () => {
  const gone = createServer();
  const { origin: endpoint } = await onFreePort(gone);
  await closed(gone);
  await writeFile(join(folder, 'door.json'), JSON.stringify({ endpoint }));
  const [slow, quick] = await Promise.all([one(() => sleep(600)), one()]);
  expect(quick.place()).toEqual(slow.place());
  expect(await opens(quick.place())).toBe('open');
});

test('who cannot serve says so at the start, and leaves it to the next; later it is tried again', async () => {
  await expect(one(() => Promise.reject(new Error('The door is stuck')))).rejects.toThrow('The door is stuck');
  const first = await one();
  let fails = 2;
  const second = await one(async () => {
    fails -= 1;
    if (fails >= 0) throw new Error('The door is stuck');
  });
  await first.stop();
  await vi.waitUntil(() => second.serves(), 10_000);
  expect(JSON.parse(await readFile(join(folder, 'door.json'), 'utf8'))).toEqual(second.place());
});
