import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { type Azurite, type AzuriteOptions, startAzurite } from '../../infra/local/azurite.ts';
import { closed, onFreePort } from '../support/servers.ts';

let folder: string;
let started: Azurite[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-azurite-test-'));
  started = [];
});
afterEach(async () => {
  for (const azurite of started) await azurite.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<AzuriteOptions> = {}): Promise<Azurite> {
  const azurite = await startAzurite({ folder, ...options });
  started.push(azurite);
  return azurite;
}

function pictures(connectionString: string) {
  const retryOptions = { maxTries: 1 };
  return BlobServiceClient.fromConnectionString(connectionString, { retryOptions }).getContainerClient('pictures');
}

function portOf(connectionString: string): number {
  return Number(/127\.0\.0\.1:(\d+)/.exec(connectionString)?.[1]);
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
}

test('the one Azurite of the test run answers', async () => {
  const answer = await BlobServiceClient.fromConnectionString(inject('azurite')).getProperties();
  expect(answer._response.status).toBe(200);
});

test('a blob is still there after a stop and a start on the same folder', async () => {
  const first = await start();
  const container = pictures(first.connectionString);
  await container.create();
  await container.getBlockBlobClient('stage.txt').upload('stage', 5);
  await first.stop();
  expect(await takesConnections(portOf(first.connectionString))).toBe(false);

  const second = await start();
  const found = await pictures(second.connectionString).getBlockBlobClient('stage.txt').downloadToBuffer();
  expect(found.toString()).toBe('stage');
});

test('whoever comes to a folder waits until the one that has it is gone', async () => {
  const first = await start();
  let came = false;
  const coming = start().then((second) => {
    came = true;
    return second;
  });
  await sleep(1500);
  expect(came).toBe(false);
  const container = pictures(first.connectionString);
  await container.create();
  await container.getBlockBlobClient('late.txt').upload('late', 4);
  await first.stop();
  const found = await pictures((await coming).connectionString)
    .getBlockBlobClient('late.txt')
    .downloadToBuffer();
  expect(found.toString()).toBe('late');
});

test('takes the port it is told, and another when that is taken', async () => {
  const other = createServer();
  const { port } = await onFreePort(other);
  const first = await start({ port });
  expect(portOf(first.connectionString)).not.toBe(port);
  await first.stop();
  await closed(other);
  expect(portOf((await start({ port })).connectionString)).toBe(port);
});

test('what was answered is kept when it is killed right then; what cannot be saved is not answered', async () => {
  const azurite = await start();
  const container = pictures(azurite.connectionString);
  await container.create();
  for (const name of ['one', 'two', 'three']) {
    await container.getBlockBlobClient(name).upload(name, name.length);
    process.kill(await azuriteProcess(), 'SIGKILL');
    const found = () => container.getBlockBlobClient(name).downloadToBuffer();
    await vi.waitFor(async () => expect((await found()).toString()).toBe(name), 10_000);
  }
  // Where Azurite writes before it puts that in the place of its file.
  await mkdir(join(folder, '__azurite_db_blob__.json~'));
  await expect(container.getBlockBlobClient('four').upload('four', 4)).rejects.toThrow();
});

test('two run beside each other, each on a port of its own', async () => {
  const [one, other] = await Promise.all([start(), startAzurite({ folder: join(folder, 'other') })]);
  started.push(other);
  expect(portOf(one.connectionString)).not.toBe(portOf(other.connectionString));
});

test('a child that dies is started again on the same port, and stays down once stopped', async () => {
  const said: string[] = [];
  const azurite = await start({ log: (message) => said.push(message) });
  const port = portOf(azurite.connectionString);
  for (let deaths = 1; deaths <= 2; deaths++) {
    process.kill(await azuriteProcess(), 'SIGKILL');
    await vi.waitFor(() => expect(said).toHaveLength(deaths), 10_000);
    await vi.waitFor(async () => expect(await takesConnections(port)).toBe(true), 10_000);
  }
  await azurite.stop();
  expect(await takesConnections(port)).toBe(false);
});

test('a parent killed with SIGKILL leaves no orphan on the port', async () => {
  const parent = spawn(process.execPath, ['infra/local/cli/run.mjs', 'test/support/azurite-parent.ts', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(parent.stdout, 'data');
  const port = portOf(String(said));
  expect(await takesConnections(port)).toBe(true);
  parent.kill('SIGKILL');
  await vi.waitFor(async () => expect(await takesConnections(port)).toBe(false), 10_000);
});

/** The process that serves the test's folder, from the command line it was started with. */
async function azuriteProcess(): Promise<number> {
  const ps = spawn('ps', ['-eo', 'pid=,args=']);
  let listing = '';
  ps.stdout.on('data', (chunk: Buffer) => {
    listing += chunk.toString();
  });
  await once(ps, 'close');
  const own = listing.split('\n').find((line) => line.includes('--blobPort') && line.includes(folder));
  return Number(own?.trim().split(' ')[0]);
}
