import { HttpRequest } from '@azure/functions';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { openRunning } from '../../functions/platform.ts';
import { functionName, httpHandler, literalsFirst, register, template } from '../../functions/register.ts';
import { reactions, routes, timers } from '../../functions/registry.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { Id } from '../../shared/platform/fields.ts';
import { securityHeaders } from '../../shared/platform/http.ts';
import { timer } from '../../shared/platform/reaction.ts';
import { type Method, type Route, route } from '../../shared/platform/route.ts';
import {
  contextOf,
  type RecordedApp,
  type RecordedBus,
  type RecordedLog,
  recordedApp,
  recordedBus,
  recordedLog,
  registerOptions,
} from '../support/azure.ts';
import { countRings } from '../support/bells.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';

let platform: TestPlatform;
let azure: RecordedApp;
let bus: RecordedBus;
let log: RecordedLog;

beforeEach(async () => {
  platform = await testPlatform();
  azure = recordedApp();
  bus = recordedBus();
  log = recordedLog();
});
afterEach(() => platform.close());

function given(method: Method, path: string, params: z.ZodObject = z.object({})): Route {
  return route({ method, path, params, summary: 'A route', tag: 'Test', access: 'public', handle: async () => ({}) });
}
const byId = z.object({ eventId: Id });
const nothing = { routes: [], reactions: [], timers: [] };

test('each declared route becomes one anonymous function of its method, with a legal name of its own', () => {
  expect(register(azure, { routes, reactions, timers }, registerOptions(platform, bus, log))).toEqual([]);
  const [last] = azure.https.toSorted((one, other) => one.name.localeCompare(other.name)).slice(-1);
  expect(last).toMatchObject({ name: 'zzz-otherwise', route: '{*path}' });
  expect(azure.https).toHaveLength(routes.length + 1);
  for (const { authLevel } of azure.https) expect(authLevel).toBe('anonymous');
  for (const { method, path } of routes) {
    const found = azure.https.find(({ name }) => name === functionName({ method, path }));
    expect(found?.methods).toEqual(method === 'GET' ? ['GET', 'HEAD'] : [method]);
  }
  expect([...azure.topics.values()].map(({ subscription }) => subscription)).toEqual(reactions.map(({ name }) => name));
  expect(azure.timers.size).toBe(timers.length);
});

test('ids are constrained to UUIDs and literal segments come first, so that a search is never taken for an id', () => {
  const search = given('GET', 'events/search');
  const one = given('GET', 'events/{eventId}', byId);
  const named = given('GET', 'users/{username}', z.object({ username: z.string() }));
  expect(literalsFirst([named, one, search])).toEqual([search, one, named]);
  expect([search, one, named].map(template)).toEqual(['events/search', 'events/{eventId:guid}', 'users/{username}']);
  expect(functionName(given('POST', 'events/{eventId}/approve', byId))).toBe('post-events-eventId-approve');
  expect(functionName(given('GET', 'docs/swagger-ui.css'))).toBe('get-docs-swagger-ui-css');
});

test('one bad declaration is reported and leaves the others alone', () => {
  const bad = timer({ name: 'bad', schedule: 'at noon', async handle() {} });
  const good = timer({ name: 'good', schedule: '0 0 12 * * *', async handle() {} });
  const twice = [given('GET', 'events/all'), given('GET', 'events/All'), given('GET', 'venues')];
  const declared = {
    routes: twice,
    reactions: [{ ...countRings, name: 'Count Rings' }, countRings],
    timers: [bad, good],
  };
  const problems = register(azure, declared, registerOptions(platform, bus, log));
  expect(problems).toEqual([
    expect.stringContaining('"Count Rings"'),
    expect.stringMatching(/get-events-all.*cannot/i),
    expect.stringContaining('"timer-bad" cannot'),
    expect.stringContaining('"on-Count Rings" cannot'),
  ]);
  expect(log.errors).toEqual(problems);
  expect(azure.https.map(({ name }) => name)).toContain('get-venues');
  expect([...azure.timers.keys()]).toEqual(['timer-good']);
  expect([...azure.topics.keys()]).toEqual(['on-count-rings']);
});

test('a timer trigger runs its tick once over all workers, also when the host is a moment early', async () => {
  let runs = 0;
  const nightly = timer({
    name: 'nightly',
    schedule: '0 0 3 * * *',
    async handle() {
      runs += 1;
    },
  });
  for (const worker of [azure, recordedApp()]) {
    const own = worker === azure ? platform : platform.twin();
    register(worker, { ...nothing, timers: [nightly] }, registerOptions(own, bus, log));
    platform.clock.set(worker === azure ? '2026-11-21T02:59:59Z' : '2026-11-21T03:00:01Z');
    expect(worker.timers.get('timer-nightly')?.schedule).toBe('0 0 3 * * *');
    await worker.timers.get('timer-nightly')?.call();
  }
  expect(runs).toBe(1);
  platform.clock.set('2026-11-22T03:00:00Z');
  await azure.timers.get('timer-nightly')?.call();
  expect(runs).toBe(2);
});

test('without Cosmos DB and Service Bus only HTTP and timers are registered', () => {
  const options = registerOptions(platform, bus, log, { feeds: false });
  register(azure, { ...nothing, reactions: [countRings] }, options);
  expect([azure.topics.size, azure.feeds.size]).toEqual([0, 0]);
});

test('a request goes through router and pipeline, on Azure as on the local host', async () => {
  const config = readConfig({ DATA_DIR: platform.folder, LOG_LEVEL: 'silent' });
  const problems: string[] = [];
  const running = await openRunning(config, routes, true, problems);
  const handler = httpHandler(async () => running, log);
  const answer = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const request = new HttpRequest({ method, url: `https://marquee.example${path}`, headers });
    return handler(request, contextOf('zzz-otherwise'));
  };
  expect(await answer('GET', '/api/health/live')).toMatchObject({ status: 200, body: '{"status":"live"}' });
  expect((await answer('HEAD', '/api/health/live')).body).toBeUndefined();
  expect(await answer('GET', '/api/no/such/place')).toMatchObject({ status: 404 });
  const wrong = await answer('DELETE', '/api/health/live');
  expect(wrong).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  expect(wrong.body).toContain('urn:marquee:problem:method_not_allowed');
  expect(await answer('OPTIONS', '/api/health/live')).toMatchObject({ status: 204 });
  problems.push('The function "x" cannot be registered');
  const ready = await answer('GET', '/api/health/ready');
  expect(ready.status).toBe(503);
  expect(ready.body).toMatch(/"registration":\{"state":"down"/);
  await running.platform.store.close();
});

test('an app that cannot start answers 503 with a problem, and logs why', async () => {
  const handler = httpHandler(() => Promise.reject(new Error('no settings')), log);
  const asked = { 'x-correlation-id': 'mine' };
  const request = new HttpRequest({ method: 'GET', url: 'https://marquee.example/api/events', headers: asked });
  const answer = await handler(request, contextOf('zzz-otherwise'));
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '10', ...asked, ...securityHeaders } });
  expect(String(answer.body)).toContain('urn:marquee:problem:unavailable');
  expect(String(answer.body)).not.toContain('no settings');
  expect(log.errors).toHaveLength(1);
});

test('on Azure every setting that is missing is named, and nothing is opened on the disk of a worker', async () => {
  const opening = openRunning(readConfig({ DATA_DIR: platform.folder }), routes, false, []);
  await expect(opening).rejects.toThrow(
    /COSMOS_ENDPOINT[\s\S]*SERVICE_BUS_NAMESPACE[\s\S]*SIGNING_KEYS[\s\S]*LINK_SECRET[\s\S]*BLOB_ACCOUNT_URL[\s\S]*WEB_PUBSUB_ENDPOINT/,
  );
});
