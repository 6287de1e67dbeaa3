import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, inject, test } from 'vitest';
import { settingsOfNpmStart } from '../../bench/npm-start.ts';
import { apiClient } from '../support/client.ts';
import { PASSWORD } from '../support/host.ts';
import { killAll, launch, ready, type Started } from '../support/marquee.ts';

const MB = 1024 * 1024;
const UPLOADS = 20;
/** 50 megapixels. */
const SIDE = 7071;
const folder = await mkdtemp(join(tmpdir(), 'marquee-memory-'));

afterAll(async () => {
  await killAll();
  await rm(folder, { recursive: true, force: true });
});

/** Megabytes resident, at most since `forget`. */
function mostResident({ child }: Started): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}
function forget({ child }: Started): void {
  writeFileSync(`/proc/${child.pid}/clear_refs`, '5');
}

/** As large as a photo may be: grain over all of its pixels. */
async function photo(): Promise<Uint8Array> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const grain = await sharp({ create: { width: 700, height: 700, channels: 3, background: 'white', noise } })
    .png()
    .toBuffer();
  const bytes = await sharp(grain).resize(SIDE, SIDE, { kernel: 'cubic' }).jpeg({ quality: 60 }).toBuffer();
  expect(bytes.byteLength).toBeGreaterThan(4 * MB);
  expect(bytes.byteLength).toBeLessThanOrEqual(5 * MB);
  return bytes;
}

// What is resident is read where Linux tells it.
test.runIf(process.platform === 'linux')(
  `REQ-VEN-014: ${UPLOADS} photos of 50 megapixels at once leave the process under 300 MB resident`,
  async () => {
    const settings = { DATA_DIR: folder, PORT: '0', SEED: 'none', BLOB_CONNECTION: inject('azurite') };
    const marquee = launch({ ...settings, ...settingsOfNpmStart() });
    const origin = await ready(marquee, 60_000);
    const username = 'admin@memory.example';
    const passwords = { password: PASSWORD, confirmPassword: PASSWORD };
    await apiClient(origin).POST('/api/identity/register', {
      body: { username, ...passwords, organizationName: 'Memory' },
    });
    const { data } = await apiClient(origin).POST('/api/identity/authenticate', {
      body: { username, password: PASSWORD },
    });
    const token = data?.accessToken ?? expect.fail('Nobody is signed in');
    const headers = { authorization: `Bearer ${token}` };
    const address = { line1: '1 High Street', city: 'London', country: 'GB' };
    const hall = await fetch(`${origin}/api/venues`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Hall', type: 'hall', address, timeZone: 'Europe/London', capacity: { max: 9 } }),
    });
    const { id: venueId } = (await hall.json()) as { id: string };
    const bytes = await photo();
    forget(marquee);
    const statuses = await Promise.all(
      Array.from({ length: UPLOADS }, async () => {
        const body = new FormData();
        body.set('file', new Blob([new Uint8Array(bytes)]), 'hall.jpg');
        const reply = await fetch(`${origin}/api/venues/${venueId}/photos`, { method: 'POST', headers, body });
        await reply.arrayBuffer();
        return reply.status;
      }),
    );
    expect(statuses).toEqual(Array.from({ length: UPLOADS }, () => 201));
    const most = mostResident(marquee);
    // It has done the work, so the figure is one.
    expect(most).toBeGreaterThan(80);
    expect(most).toBeLessThan(300);
  },
  300_000,
);
