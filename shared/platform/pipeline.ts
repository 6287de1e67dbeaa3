/** Serves a route: everything that holds for all of them, in one order, once. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Actor, may, publicActor } from './actor.ts';
import { readFile, readJson } from './body.ts';
import { corsHeaders, type RawReply, type RawRequest, securityHeaders } from './http.ts';
import { type Attempt, underKey } from './idempotency.ts';
import type { Spent } from './limits.ts';
import { refuseBadCursor } from './listing.ts';
import { problemReply, refusalOf } from './problem.ts';
import { invalid, Refusal } from './refusal.ts';
import { etagOf, queryOf, type Trace, traceOf } from './request.ts';
import type { Reply, RequestFacts, Route, Upload } from './route.ts';
import { type Platform, type ScopeInit, scopeOf } from './scope.ts';
import { parsed } from './validation.ts';

export interface Authenticator {
  /** Who the token speaks for; throws `unauthenticated`. */
  authenticate(token: string): Promise<Actor>;
  /** Told when someone signed in asks for what it may not. */
  refused?(actor: Actor, route: Route, correlationId: string): Promise<void>;
}

export interface Pipeline {
  serve(route: Route, request: RawRequest): Promise<RawReply>;
  /** For addresses that are no route: 404, 405 with `allow`, or whatever went wrong before a route was known. */
  refuse(request: RawRequest, error: unknown): RawReply;
}

function limitHeaders(spent: Spent): Record<string, string> {
  return {
    'ratelimit-limit': String(spent.limit),
    'ratelimit-remaining': String(spent.remaining),
    'ratelimit-reset': String(spent.resetSeconds),
    'x-ratelimit-limit': String(spent.limit),
    'x-ratelimit-remaining': String(spent.remaining),
    'x-ratelimit-reset': String(spent.resetAt),
  };
}

/** The names that `?fields=` may pick from: those of a list's items. */
function itemFields(route: Route): readonly string[] {
  const page = route.reply;
  if (!(page instanceof z.ZodObject)) return [];
  const data: unknown = page.shape.data;
  const item: unknown = data instanceof z.ZodArray ? data.element : undefined;
  return item instanceof z.ZodObject ? Object.keys(item.shape) : [];
}

function pickedFields(route: Route, query: unknown): readonly string[] | undefined {
  const wanted = (query as { fields?: string }).fields;
  if (!route.list || wanted === undefined) return undefined;
  const known = itemFields(route);
  const names = wanted.split(',').map((name) => name.trim());
  if (names.every((name) => known.includes(name))) return names;
  throw invalid('query.fields', 'unknown_field', `can pick from ${known.join(', ')}`);
}

function trimmed(body: unknown, names: readonly string[]): unknown {
  const page = body as { data: Record<string, unknown>[] };
  return {
    ...page,
    data: page.data.map((item) =>
      Object.fromEntries(names.filter((name) => name in item).map((name) => [name, item[name]])),
    ),
  };
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

export function createPipeline(platform: Platform, authenticator: Authenticator): Pipeline {
  const { config, clock, limits, log, store } = platform;
  const budgets = {
    signedIn: { limit: config.RATE_SIGNED_IN, windowSeconds: 60 },
    public: { limit: config.RATE_PUBLIC, windowSeconds: 60 },
    upload: { limit: config.RATE_UPLOADS, windowSeconds: 3600 },
  };

  function addressOf(request: RawRequest): string {
    if (!config.TRUST_PROXY) return request.peer;
    return request.header('x-forwarded-for')?.split(',').at(-1)?.trim() || request.peer;
  }

  function tokenOf(route: Route, request: RawRequest): string | undefined {
    const header = request.header('authorization');
    if (header !== undefined) return /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1] ?? '';
    if (!route.tokenInQuery) return undefined;
    return new URLSearchParams(request.search).get('access_token') ?? undefined;
  }

  async function actorOf(route: Route, request: RawRequest): Promise<Actor> {
    if (route.access === 'public') return publicActor;
    const token = tokenOf(route, request);
    if (token === undefined) throw new Refusal('unauthenticated', 'Send an access token as Authorization: Bearer.');
    return authenticator.authenticate(token);
  }

  async function spend(route: Route, actor: Actor, address: string, headers: Record<string, string>): Promise<void> {
    if (route.budget === 'none') return;
    const key = actor.kind === 'public' ? `public:${address}` : `${route.budget}:${actor.userId}`;
    const spent = await limits.take(key, budgets[route.budget]);
    Object.assign(headers, limitHeaders(spent));
    if (!spent.allowed) {
      throw new Refusal('too_many_requests', 'Too many requests; wait before you go on.', {
        retryAfter: spent.resetSeconds,
      });
    }
  }

  async function permitted(route: Route, actor: Actor, trace: Trace): Promise<void> {
    if (route.access === 'public' || route.access === 'signedIn' || may(actor, route.access)) return;
    await authenticator.refused?.(actor, route, trace.correlationId);
    throw new Refusal('forbidden', `This needs the privilege ${route.access}.`);
  }

  function acceptable(route: Route, request: RawRequest): void {
    const accept = request.header('accept');
    const gives = route.produces ?? 'application/json';
    if (accept === undefined || accept.includes('*/*') || accept.includes(gives)) return;
    const [group] = gives.split('/');
    if (accept.includes(`${group}/*`) || accept.includes('application/problem+json')) return;
    throw new Refusal('not_acceptable', `This route gives ${gives}.`);
  }

  /** Body or file, and a digest of what was sent. */
  async function received(route: Route, request: RawRequest) {
    if (route.file) {
      const file = await readFile(request, route.file.limit);
      return { body: undefined, file, bytes: file.bytes };
    }
    if (request.method === 'GET' || (request.method === 'DELETE' && !route.body)) {
      return { body: {}, file: undefined, bytes: new Uint8Array() };
    }
    const { value, bytes } = await readJson(request);
    if (route.revises === 'patch') {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw invalid('body', 'invalid_type', 'must be an object with the fields to change');
      }
      return { body: value, file: undefined, bytes };
    }
    return { body: parsed(route.body ?? z.strictObject({}), value, 'body'), file: undefined, bytes };
  }

  function rendered(route: Route, reply: Reply, request: RawRequest, names: readonly string[] | undefined): RawReply {
    const headers: Record<string, string> = { ...reply.headers };
    if (reply.etag) headers.etag = `"${reply.etag}"`;
    if (reply.location) headers.location = `${request.origin}/api/${reply.location}`;
    if (!route.cacheable) headers['cache-control'] = 'no-store';
    if (reply.content !== undefined) return { status: route.status, headers, body: reply.content };
    if (reply.etag && request.method === 'GET') {
      const known = etagOf(request.header('if-none-match'), 'if-none-match');
      if (known === '*' || known === reply.etag) return { status: 304, headers };
    }
    if (!route.reply) return { status: 204, headers };
    // A reply that does not fit its schema is a fault of ours: the ZodError is logged and answered as `internal`.
    const body = route.reply.parse(reply.body);
    const next = route.list ? (body as { page: { nextCursor: string | null } }).page.nextCursor : null;
    if (next !== null) {
      const query = new URLSearchParams(request.search);
      query.set('cursor', next);
      headers.link = `<${request.origin}${request.path}?${query}>; rel="next"`;
    }
    return {
      status: route.status,
      headers: { ...JSON_HEADERS, ...headers },
      body: JSON.stringify(names ? trimmed(body, names) : body),
    };
  }

  async function handled(
    route: Route,
    request: RawRequest,
    actor: Actor,
    trace: Trace,
    address: string,
  ): Promise<RawReply> {
    acceptable(route, request);
    const params = parsed(route.params, request.params, 'path');
    const given = queryOf(request.search);
    if (route.tokenInQuery) delete given.access_token;
    const query = parsed(route.query, given, 'query');
    const names = pickedFields(route, query);
    const ifMatch = request.method === 'GET' ? undefined : etagOf(request.header('if-match'), 'if-match');
    const { body, file, bytes } = await received(route, request);
    const facts: RequestFacts = {
      address,
      userAgent: request.header('user-agent')?.slice(0, 500) ?? '',
      baseUrl: config.PUBLIC_URL?.replace(/\/$/, '') ?? request.origin,
    };
    const init: ScopeInit = {
      actor,
      correlationId: trace.correlationId,
      traceparent: trace.traceparent,
      pathIds: Object.values(params as Record<string, string>),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    };
    const run = async (more: Pick<ScopeInit, 'ids' | 'retried'>) => {
      // The route's own schemas made these values; `Route` only forgets their types.
      const input = { params, query, body, file: file as Upload | undefined, request: facts } as never;
      return rendered(route, await route.handle(input, scopeOf(platform, { ...init, ...more })), request, names);
    };
    const key = request.method === 'POST' ? request.header('idempotency-key') : undefined;
    if (key === undefined) return run({});
    return onceUnder(key, route, request, actor, address, bytes, run);
  }

  async function onceUnder(
    key: string,
    route: Route,
    request: RawRequest,
    actor: Actor,
    address: string,
    bytes: Uint8Array,
    run: (attempt: Pick<ScopeInit, 'ids' | 'retried'>) => Promise<RawReply>,
  ): Promise<RawReply> {
    if (key.length < 1 || key.length > 255) {
      throw invalid('header.idempotency-key', 'bad_length', 'must have 1 to 255 characters');
    }
    const user = actor.kind === 'public' ? `public:${address}` : actor.userId;
    const fingerprint = createHash('sha256')
      // The key salts the digest: bodies hold passwords, and the store knows no key.
      .update(`${key}\nPOST ${request.path}?${request.search}\n`)
      .update(bytes)
      .digest('base64url');
    const attempt = await underKey(store, clock, user, key, fingerprint);
    if ('status' in attempt) return attempt;
    return finished(attempt, route, request, () => run({ ids: attempt.ids, retried: attempt.retried }));
  }

  async function finished(
    attempt: Attempt,
    route: Route,
    request: RawRequest,
    run: () => Promise<RawReply>,
  ): Promise<RawReply> {
    try {
      const reply = await run();
      await (route.secret ? attempt.release() : attempt.finish(reply, undefined));
      return reply;
    } catch (error) {
      const refusal = refusalOf(refuseBadCursor(error));
      await attempt.finish(problemReply(refusal, { instance: request.path, traceId: '', headers: {} }), refusal.code);
      throw error;
    }
  }

  function answered(error: unknown, request: RawRequest, trace: Trace, headers: Record<string, string>): RawReply {
    const known = refuseBadCursor(error);
    const refusal = refusalOf(known);
    if (refusal.code === 'internal') {
      log.error({ correlationId: trace.correlationId, traceId: trace.traceId, err: known }, 'request failed');
    }
    return problemReply(refusal, { instance: request.path, traceId: trace.traceId, headers });
  }

  function baseHeaders(request: RawRequest, trace: Trace): Record<string, string> {
    return {
      ...securityHeaders,
      ...corsHeaders(request.header('origin'), config.CORS_ORIGINS),
      'x-correlation-id': trace.correlationId,
    };
  }

  return {
    async serve(route, request) {
      const startedAt = performance.now();
      const trace = traceOf(request, platform.ids);
      const headers = baseHeaders(request, trace);
      let actor: Actor | undefined;
      let reply: RawReply;
      try {
        const address = addressOf(request);
        actor = await actorOf(route, request);
        await spend(route, actor, address, headers);
        await permitted(route, actor, trace);
        const made = await handled(route, request, actor, trace, address);
        reply = { ...made, headers: Object.assign(headers, made.headers) };
      } catch (error) {
        reply = answered(error, request, trace, headers);
      }
      log.info(
        {
          method: route.method,
          route: route.path,
          status: reply.status,
          ms: Math.round((performance.now() - startedAt) * 100) / 100,
          correlationId: trace.correlationId,
          traceId: trace.traceId,
          ...(actor ? { userId: actor.userId, orgId: actor.orgId } : {}),
        },
        'request',
      );
      return reply;
    },
    refuse(request, error) {
      const trace = traceOf(request, platform.ids);
      return answered(error, request, trace, baseHeaders(request, trace));
    },
  };
}
