import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { tokensOf, valuesOfEnvironment } from '../../infra/azure/azd.ts';
import { straySubscriptions } from '../../infra/azure/strays.ts';
import { onFreePort } from '../support/servers.ts';

const run = promisify(execFile);
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Runs a hook as azd does, with these values of the environment. */
async function hook(name: string, given: Record<string, string>) {
  const args = ['infra/local/cli/run.mjs', `infra/azure/${name}.ts`];
  return run(process.execPath, args, { env: { PATH: process.env.PATH, ...given } });
}

test('a deployment is over when the app says that it is ready, and not before', async () => {
  const asked: string[] = [];
  server = createServer((request, reply) => {
    asked.push(request.url ?? '');
    reply.writeHead(asked.length > 1 ? 200 : 503).end('{}');
  });
  const api = `${(await onFreePort(server)).origin}/api`;
  const { stdout } = await hook('ready', { SERVICE_API_URI: api, AZURE_TENANT_ID: 't' });
  expect(stdout).toBe(`Marquee is ready at ${api}\n`);
  expect(asked).toEqual(['/api/health/ready', '/api/health/ready']);
});

test('subscriptions of reactions that are gone are named, on however many pages they come', async () => {
  const topic = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n/topics/domain-events';
  let origin = '';
  server = createServer((request, reply) => {
    const { pathname, searchParams } = new URL(request.url ?? '', origin);
    const known = pathname === `${topic}/subscriptions` && request.headers.authorization === `Bearer for ${origin}`;
    if (!known) return reply.writeHead(403).end();
    const second = searchParams.has('page');
    const nextLink = `${origin}${topic}/subscriptions?page=2`;
    const names = second ? ['mail-pigeon'] : ['notify', 'ring-bell'];
    return reply.end(JSON.stringify({ value: names.map((name) => ({ name })), ...(second ? {} : { nextLink }) }));
  });
  ({ origin } = await onFreePort(server));
  const tokens = async (audience: string) => `for ${audience}`;
  expect(await straySubscriptions({ id: topic, manager: origin, tokens }, ['notify', 'send-mail'])).toEqual([
    'ring-bell',
    'mail-pigeon',
  ]);
  await expect(straySubscriptions({ id: '/elsewhere', manager: origin, tokens }, [])).rejects.toThrow('403');
});

test('azd is asked once for the token of each service, in the tenant that was deployed to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-azd-'));
  // Says what it was asked, and another token each time.
  const script = `#!/bin/sh\nprintf '{"token":"%s %s","expiresOn":"2027-01-01T00:00:00Z"}' "$*" "$(date +%s%N)"\n`;
  await writeFile(join(folder, 'azd'), script, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
  const tokens = tokensOf('the-tenant');
  const [vault, again, manager] = [
    await tokens('https://vault'),
    await tokens('https://vault'),
    await tokens('https://arm'),
  ];
  expect(vault).toMatch(/^auth token --scope https:\/\/vault\/\.default --tenant-id the-tenant --output json \d+$/);
  expect(again).toBe(vault);
  expect(manager).toContain('https://arm/.default');
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test('a command outside of a hook asks azd for the values of its environment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-azd-'));
  await writeFile(join(folder, 'azd'), `#!/bin/sh\nprintf '{"ASKED":"%s"}' "$*"\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
  expect(await valuesOfEnvironment()).toEqual({ ASKED: 'env get-values --output json' });
  await expect(hook('rotate-keys', { PATH: process.env.PATH ?? '' })).rejects.toThrow(/AZURE_KEY_VAULT_ENDPOINT/);
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test('where azd is not installed, that is what is said', async () => {
  vi.stubEnv('PATH', '');
  await expect(valuesOfEnvironment()).rejects.toThrow('azd is not installed, or not in PATH: https://aka.ms/azd');
  vi.unstubAllEnvs();
});

test('what azd does not say is named', async () => {
  await expect(hook('ready', {})).rejects.toThrow('SERVICE_API_URI');
  const given = { AZURE_KEY_VAULT_ENDPOINT: 'http://not.safe/', AZURE_TENANT_ID: 't' };
  await expect(hook('secrets', given)).rejects.toThrow(/AZURE_KEY_VAULT_ENDPOINT[\s\S]+AZURE_FUNCTION_APP_ID/);
});
