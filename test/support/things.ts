/** A small aggregate and its routes, to test what the platform does for every route alike. */
import { afterAll, beforeAll } from 'vitest';
import { z } from 'zod';
import { type Host, startHost } from '../../infra/local/host.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { aggregate, type Entity } from '../../shared/platform/aggregate.ts';
import { Id, metaShape, text } from '../../shared/platform/fields.ts';
import { anyOf, type Listing, shownPage, toQuery } from '../../shared/platform/listing.ts';
import { createPipeline } from '../../shared/platform/pipeline.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import { listRoute, type Route, reviseRoutes, route, uploadRoute } from '../../shared/platform/route.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { fold, wordsOf } from '../../shared/platform/words.ts';
import { type TestPlatform, testPlatform } from './platform.ts';

const ThingFields = z.strictObject({
  name: text(1, 100),
  note: text(0, 100).optional(),
  place: z.strictObject({ city: text(1, 50), zip: text(1, 10).optional() }).optional(),
});
type ThingFields = z.output<typeof ThingFields>;
type ThingState = ThingFields & { readonly number: number };
type ThingFact =
  | { readonly type: 'ThingMade'; readonly data: ThingState }
  | { readonly type: 'ThingChanged'; readonly data: { readonly fields: ThingFields } }
  | { readonly type: 'ThingRemoved'; readonly data: Record<string, never> };

export const things = aggregate<ThingState, ThingFact>({
  kind: 'thing',
  container: 'venues',
  noun: 'thing',
  deletedBy: ['ThingRemoved'],
  evolve(state, fact) {
    if (fact.type === 'ThingMade') return fact.data;
    if (!state) throw new Error('A thing begins with ThingMade');
    return fact.type === 'ThingChanged' ? { ...fact.data.fields, number: state.number } : state;
  },
  index: (state, meta) => ({
    ix: { name: fold(state.name), createdAt: meta.createdAt },
    words: wordsOf(state.name),
  }),
  uniques: (state) => [
    {
      scope: 'thing-name',
      value: fold(state.name),
      refuse: () => new Refusal('already_exists', 'There is such a thing.', { field: 'name' }),
    },
  ],
});

const ThingView = z.object({ id: z.string(), number: z.int(), ...ThingFields.shape, ...metaShape });
const shown = ({ id, state, meta }: Entity<ThingState>) => ({ id, ...state, ...meta });
const one = z.strictObject({ thingId: Id });
const listing: Listing = {
  filters: { name: anyOf('name', z.string()) },
  sorts: { name: 'name', createdAt: 'createdAt' },
  defaultSort: 'name',
  search: true,
};
const tag = 'Things';

const thingRoutes: readonly Route[] = [
  listRoute({
    path: 'things',
    summary: 'List',
    tag,
    access: 'things:read',
    list: listing,
    item: ThingView,
    handle: async ({ query }, scope) => ({
      body: shownPage(await scope.of(things).list(toQuery(listing, query)), shown),
    }),
  }),
  route({
    method: 'POST',
    path: 'things',
    summary: 'Make',
    tag,
    access: 'things:create',
    body: ThingFields,
    reply: ThingView,
    async handle({ body }, scope) {
      const made = await scope
        .of(things)
        .create(scope.newId(), (number) => [{ type: 'ThingMade', data: { ...body, number } }], { counter: 'thing' });
      return { body: shown(made), etag: made.etag, location: `things/${made.id}` };
    },
  }),
  route({
    method: 'GET',
    path: 'things/{thingId}',
    summary: 'Read',
    tag,
    access: 'things:read',
    params: one,
    reply: ThingView,
    async handle({ params }, scope) {
      const thing = await scope.of(things).get(params.thingId);
      return { body: shown(thing), etag: thing.etag };
    },
  }),
  ...reviseRoutes({
    path: 'things/{thingId}',
    summary: 'Change',
    tag,
    access: 'things:write',
    params: one,
    fields: ThingFields,
    reply: ThingView,
    async handle({ params, revise }, scope) {
      const thing = await scope
        .of(things)
        .execute(params.thingId, ({ number: _, ...fields }) => [
          { type: 'ThingChanged', data: { fields: revise(fields) } },
        ]);
      return { body: shown(thing), etag: thing.etag };
    },
  }),
  route({
    method: 'DELETE',
    path: 'things/{thingId}',
    summary: 'Remove',
    tag,
    access: 'things:delete',
    params: one,
    async handle({ params }, scope) {
      await scope.of(things).execute(params.thingId, () => [{ type: 'ThingRemoved', data: {} }]);
      return {};
    },
  }),
  uploadRoute({
    method: 'POST',
    path: 'things/files',
    summary: 'Upload',
    tag,
    access: 'signedIn',
    file: { limit: 100_000 },
    reply: z.object({ size: z.int(), fileName: z.string() }),
    handle: async ({ file }) => ({ body: { size: file.size, fileName: file.fileName } }),
  }),
  route({
    method: 'GET',
    path: 'things/broken',
    summary: 'Answers what its schema does not allow',
    tag,
    access: 'public',
    reply: z.object({ secret: z.number() }),
    handle: async () => ({ body: { secret: 'of the inside' as unknown as number } }),
  }),
];

const everything = ['things:read', 'things:create', 'things:write', 'things:delete'];

/** A host over the things; tokens read `<organization>/<user>[/<aggregate>.<right>~…]`. */
export async function thingHost(platform: Platform) {
  const pipeline = createPipeline(platform, {
    async authenticate(token): Promise<Actor> {
      const [orgId, userId, privileges] = token.split('/');
      if (!orgId || !userId) throw new Refusal('unauthenticated', 'The token is not valid.');
      return {
        kind: 'user',
        userId,
        orgId,
        username: userId,
        displayName: userId,
        sessionId: 's',
        roles: [],
        privileges: new Set(privileges?.split('~').map((name) => name.replace('.', ':')) ?? everything),
      };
    },
  });
  return startHost({
    routes: thingRoutes,
    pipeline,
    host: '127.0.0.1',
    port: 0,
  });
}

/** Callers of the things: each `caller()` in an organization of its own. */
export function callersOf(origin: string) {
  let organizations = 0;
  function callerIn(orgId: string, user: string, privileges?: string) {
    const token = [orgId, user, ...(privileges === undefined ? [] : [privileges])].join('/');
    return async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
      const response = await fetch(`${origin}/api/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
      return { status: response.status, headers: response.headers, text, json };
    };
  }
  return {
    callerIn,
    caller(privileges?: string) {
      organizations += 1;
      return callerIn(`org${organizations}`, `user${organizations}`, privileges);
    },
  };
}

interface ServedThings {
  readonly platform: TestPlatform;
  readonly host: Host;
  readonly callers: ReturnType<typeof callersOf>;
}

/** The things, served while the tests of a file run; `over` may put something in the place of a part. */
export function servedThings(
  options?: Parameters<typeof testPlatform>[0],
  over: (platform: TestPlatform) => Platform = (platform) => platform,
) {
  let served: ServedThings | undefined;
  beforeAll(async () => {
    const platform = await testPlatform(options);
    const host = await thingHost(over(platform));
    served = { platform, host, callers: callersOf(host.origin) };
  });
  afterAll(async () => {
    await served?.host.close();
    await served?.platform.close();
  });
  function now(): ServedThings {
    if (!served) throw new Error('The things are not served yet');
    return served;
  }
  return {
    platform: () => now().platform,
    origin: () => now().host.origin,
    caller: (privileges?: string) => now().callers.caller(privileges),
    callerIn: (orgId: string, user: string) => now().callers.callerIn(orgId, user),
  };
}
