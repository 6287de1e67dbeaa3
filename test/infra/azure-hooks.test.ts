import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';

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
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  const { stdout } = await hook('ready', { SERVICE_API_URI: api });
  expect(stdout).toBe(`Marquee is ready at ${api}\n`);
  expect(asked).toEqual(['/api/health/ready', '/api/health/ready']);
});

test('what azd does not say is named', async () => {
  await expect(hook('ready', {})).rejects.toThrow('SERVICE_API_URI');
  const given = { AZURE_KEY_VAULT_ENDPOINT: 'http://not.safe/', AZURE_TENANT_ID: 't' };
  await expect(hook('secrets', given)).rejects.toThrow(/AZURE_KEY_VAULT_ENDPOINT[\s\S]+AZURE_FUNCTION_APP_ID/);
});
