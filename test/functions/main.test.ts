import { HttpRequest } from '@azure/functions';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { contextOf, type RecordedApp, recordedApp } from '../support/azure.ts';

let azure: RecordedApp;
let streams: boolean | undefined;

beforeEach(() => {
  azure = recordedApp();
  vi.resetModules();
  vi.doMock('@azure/functions', () => ({
    app: {
      ...azure,
      hook: { appTerminate: () => ({ dispose() {} }) },
      setup(options: { enableHttpStream?: boolean }) {
        streams = options.enableHttpStream;
      },
    },
  }));
  vi.stubEnv('COSMOS_ENDPOINT', 'https://marquee.documents.azure.com');
  vi.stubEnv('SERVICE_BUS_NAMESPACE', 'marquee.servicebus.windows.net');
});
afterEach(() => {
  vi.doUnmock('@azure/functions');
  vi.doUnmock('../../functions/registry.ts');
  vi.doUnmock('../../shared/platform/log.pino.ts');
  vi.unstubAllEnvs();
});

test('what Azure Functions loads registers every declaration, and streams bodies', async () => {
  await import('../../functions/main.ts');
  const { routes, reactions, timers } = await import('../../functions/registry.ts');
  expect(azure.https).toHaveLength(routes.length + 1);
  expect([azure.topics.size, azure.timers.size]).toEqual([reactions.length, timers.length]);
  expect(azure.feeds.size).toBeGreaterThan(0);
  expect(streams).toBe(true);
});

test.each([
  [
    'a slice that cannot be loaded',
    () => vi.doMock('../../functions/registry.ts', () => Promise.reject(new Error('bad slice'))),
  ],
  ['a setting that is not usable', () => vi.stubEnv('PORT', 'many')],
])('%s is logged and answered with 503, not with silence', async (_, broken) => {
  const errors: string[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (__: unknown, message: string) => void errors.push(message) };
  vi.doMock('../../shared/platform/log.pino.ts', () => ({ openLog: () => log }));
  broken();
  await import('../../functions/main.ts');
  expect(errors).toEqual(['the app cannot be loaded']);
  expect(azure.https.map(({ name }) => name)).toEqual(['zzz-otherwise']);
  const request = new HttpRequest({ method: 'GET', url: 'https://marquee.example/api/events' });
  expect(await azure.https[0]?.handler(request, contextOf('zzz-otherwise'))).toMatchObject({ status: 503 });
});
