/** Two processes on one data folder: one runs Azurite, both keep pictures there, and either may go at any moment. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callerOf } from '../support/callers.ts';
import { apiClient } from '../support/client.ts';
import { PASSWORD } from '../support/host.ts';
import { killAll, launch, ready, type Started } from '../support/marquee.ts';

const CHILD = [process.execPath, 'infra/local/cli/run.mjs', 'test/system/host-child.ts'];
/** An album's limit. */
const MOST = 20;
const ROUNDS = 3;

let folder: string;
let jpeg: Uint8Array;
let albums = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-shared-'));
  jpeg = await sharp({ create: { width: 60, height: 40, channels: 3, background: 'green' } })
    .jpeg()
    .toBuffer();
});
afterEach(async () => {
  await killAll();
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

interface Host extends Started {
  readonly origin: string;
}

async function start(): Promise<Host> {
  const marquee = launch({ DATA_DIR: folder, PORT: '0', SEED: 'none', RATE_UPLOADS: '1000000' }, CHILD);
  return { ...marquee, origin: await ready(marquee, 60_000) };
}

interface Azurite {
  readonly pid: number;
  /** The process that started it. */
  readonly parent: number;
}

/** Those that have the folder. */
async function azurites(): Promise<Azurite[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,args=']);
  const own = stdout.split('\n').filter((line) => line.includes('--blobPort') && line.includes(folder));
  return own.map((line) => {
    const [pid = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
    return { pid, parent };
  });
}

/** Which of two runs the one Azurite that there is, and which does not. */
async function served(one: Host, two: Host): Promise<readonly [Host, Host]> {
  const [azurite, ...more] = await azurites();
  expect(more).toEqual([]);
  return azurite?.parent === one.child.pid ? [one, two] : [two, one];
}

async function signedUp({ origin }: Host): Promise<string> {
  const api = apiClient(origin);
  const body = { username: 'admin@pictures.example', password: PASSWORD };
  await api.POST('/api/identity/register', {
    body: { ...body, confirmPassword: PASSWORD, displayName: 'The admin', organizationName: 'Pictures' },
  });
  const { data } = await api.POST('/api/identity/authenticate', { body });
  return data?.accessToken ?? expect.fail('The admin cannot sign in');
}

/** Where the photos of a new venue are. */
async function album({ origin }: Host, token: string): Promise<string> {
  const address = { line1: '1 High Street', city: 'London', country: 'GB' };
  const hall = { type: 'hall', address, timeZone: 'Europe/London', capacity: { max: 9 } };
  albums += 1;
  const { body } = await callerOf(origin, token).post('venues', { name: `Hall ${albums}`, ...hall });
  return `venues/${body.id}/photos`;
}

/** One upload; its photo's id when it was answered 201. */
async function upload({ origin }: Host, token: string, photos: string): Promise<string | undefined> {
  const { status, body } = await callerOf(origin, token).upload(photos, jpeg);
  expect([201, 503]).toContain(status);
  return status === 201 ? body.id : undefined;
}

/** Uploads until the album is full, while something happens; the ids of those that were answered 201. */
async function uploaded(host: Host, token: string, photos: string, meanwhile: () => void): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < MOST; at += 1) {
    if (at === 3) meanwhile();
    const id = await upload(host, token, photos);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

/** The ids of an album, each of which can be fetched, large and small. */
async function shown({ origin }: Host, token: string, photos: string): Promise<string[]> {
  const { body } = await callerOf(origin, token).get(photos);
  for (const { url, thumbnailUrl } of body.data) {
    for (const link of [url, thumbnailUrl]) expect((await fetch(link)).status).toBe(200);
  }
  return body.data.map(({ id }: { readonly id: string }) => id);
}

test('REQ-VEN-014 two started at once have one Azurite: what either stores both show, and whoever comes later', async () => {
  const hosts = await Promise.all([start(), start()]);
  const token = await signedUp(hosts[0]);
  expect(await azurites()).toHaveLength(1);
  const photos = await album(hosts[0], token);
  const ids: (string | undefined)[] = [];
  for (const host of [...hosts, ...hosts]) ids.push(await upload(host, token, photos));
  for (const host of hosts) expect(await shown(host, token, photos)).toEqual(ids);
  const [first, last] = await served(...hosts);
  for (const { child, ended } of [last, first]) {
    child.kill('SIGTERM');
    expect((await ended).status).toBe(0);
  }
  expect(await azurites()).toEqual([]);
  expect(await shown(await start(), token, photos)).toEqual(ids);
}, 120_000);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'REQ-VEN-014 when who runs Azurite goes by %s another does, and no photo that was answered 201 is lost',
  async (signal) => {
    let hosts = await Promise.all([start(), start()]);
    const token = await signedUp(hosts[0]);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [goes, stays] = await served(...hosts);
      const photos = await album(stays, token);
      const ids = await uploaded(stays, token, photos, () => goes.child.kill(signal));
      expect((await goes.ended).status).toBe(signal === 'SIGKILL' ? signal : 0);
      expect(ids).toHaveLength(MOST);
      expect(await shown(stays, token, photos)).toEqual(ids);
      hosts = [stays, await start()];
      expect(await azurites()).toMatchObject([{ parent: stays.child.pid }]);
      expect(await shown(hosts[1], token, photos)).toEqual(ids);
    }
  },
  120_000,
);

test('REQ-VEN-014 a photo answered 201 is there after the process and its Azurite were killed right then', async () => {
  let host = await start();
  const token = await signedUp(host);
  for (let round = 0; round < ROUNDS; round += 1) {
    const photos = await album(host, token);
    const id = await upload(host, token, photos);
    for (const { pid } of await azurites()) process.kill(pid, 'SIGKILL');
    host.child.kill('SIGKILL');
    await host.ended;
    host = await start();
    expect(await shown(host, token, photos)).toEqual([id]);
  }
}, 120_000);
