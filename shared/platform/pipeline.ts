/** Serves a route: everything that holds for all of them, in one order, once. */
import { type Actor, may, publicActor } from './actor.ts';
import { bodyOf, received } from './body.ts';
import { corsHeaders, preflight, type RawReply, type RawRequest, securityHeaders } from './http.ts';
import { oncePerKey } from './idempotency.ts';
import { limitHeaders, type Spent } from './limits.ts';
import { pickedFields } from './listing.ts';
import { problemReply, refusalOf } from './problem.ts';
import { Refusal } from './refusal.ts';
import { acceptable, rendered } from './reply.ts';
import { addressOf, ifMatchOf, queryOf, type Trace, tokenOf, traceOf } from './request.ts';
import type { RequestFacts, Route } from './route.ts';
import { type Platform, type ScopeInit, scopeOf } from './scope.ts';
import { StoreFull } from './store.ts';
import { parsed, together } from './validation.ts';

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
  /** Answers OPTIONS, which browsers send before they call from another origin. */
  preflight(request: RawRequest, methods: readonly string[]): RawReply;
}

export function createPipeline(platform: Platform, authenticator: Authenticator): Pipeline {
  const { config, clock, limits, log, store, telemetry, charges } = platform;
  const budgets = {
    signedIn: { limit: config.RATE_SIGNED_IN, windowSeconds: 60 },
    public: { limit: config.RATE_PUBLIC, windowSeconds: 60 },
    upload: { limit: config.RATE_UPLOADS, windowSeconds: 3600 },
  };

  async function actorOf(route: Route, request: RawRequest): Promise<Actor> {
    if (route.access === 'public') return publicActor;
    const token = tokenOf(request, route.tokenInQuery);
    if (!token) throw new Refusal('unauthenticated', 'Send an access token as Authorization: Bearer.');
    return authenticator.authenticate(token);
  }

  function budgetOf(route: Route, actor: Actor, address: string): Spent | Promise<Spent> | undefined {
    if (route.budget === 'none') return undefined;
    if (actor.kind === 'public') return limits.take(`public:${address}`, budgets[route.budget]);
    return limits.take(`${route.budget}:${actor.userId}`, budgets[route.budget], actor.orgId);
  }

  async function permitted(route: Route, actor: Actor, trace: Trace, spent: Spent | undefined): Promise<void> {
    if (spent && !spent.allowed) {
      throw new Refusal('too_many_requests', 'Too many requests; wait before you go on.', {
        retryAfter: spent.resetSeconds,
      });
    }
    if (route.access === 'public' || route.access === 'signedIn' || may(actor, route.access)) return;
    await authenticator.refused?.(actor, route, trace.correlationId);
    throw new Refusal('forbidden', `This needs the privilege ${route.access}.`);
  }

  async function handled(
    route: Route,
    request: RawRequest,
    actor: Actor,
    trace: Trace,
    address: string,
  ): Promise<RawReply> {
    const sent = await received(route, request);
    const run = async (attempt: Pick<ScopeInit, 'ids' | 'retried'>) => {
      acceptable(route, request);
      const [params, query, ifMatch, body] = together(
        () => parsed(route.params, request.params, 'path'),
        () => parsed(route.query, queryOf(request.search, route.tokenInQuery), 'query'),
        () => (request.method === 'GET' ? undefined : ifMatchOf(request)),
        () => bodyOf(route, request, sent),
      );
      const names = route.list && pickedFields(query);
      const facts: RequestFacts = {
        address,
        userAgent: request.header('user-agent')?.slice(0, 500) ?? '',
        baseUrl: config.PUBLIC_URL ?? request.origin,
      };
      const scope = scopeOf(platform, {
        actor,
        correlationId: trace.correlationId,
        traceparent: trace.traceparent,
        pathIds: Object.values(params as Record<string, string>),
        ...(ifMatch ? { ifMatch } : {}),
        ...attempt,
      });
      // The route's own schemas made these values; `Route` only forgets their types.
      const input = { params, query, body, file: sent.file, request: facts } as never;
      return rendered(route, await route.handle(input, scope), request, names, facts.baseUrl);
    };
    const key = request.method === 'POST' ? request.header('idempotency-key') : undefined;
    const owner = actor.kind === 'public' ? `public:${address}` : actor.userId;
    const target = `${request.path}?${request.search}`;
    const { traceId } = trace;
    try {
      if (key === undefined) return await run({});
      const once = { key, owner, target, bytes: sent.bytes, secret: route.secret, traceId };
      return await oncePerKey(store, clock, once, run);
    } finally {
      await sent.file?.discard();
    }
  }

  function answered(error: unknown, request: RawRequest, trace: Trace, headers: Record<string, string>): RawReply {
    const refusal = refusalOf(error);
    const about = { correlationId: trace.correlationId, traceId: trace.traceId, err: error };
    telemetry?.refused(refusal.code);
    if (refusal.code === 'internal' || error instanceof StoreFull) log.error(about, 'request failed');
    // Whoever looks at a 503 wants to know of what.
    else if (refusal.code === 'unavailable') log.warn(about, 'request cannot be answered');
    return problemReply(refusal, { instance: request.path, traceId: trace.traceId, headers });
  }

  /** What every reply has, before what is its own. So many fields are assigned at a twentieth of what spreading costs. */
  function frame(request: RawRequest, trace: Trace, spent?: Spent): Record<string, string> {
    return Object.assign(
      { 'x-correlation-id': trace.correlationId },
      securityHeaders,
      spent && limitHeaders(spent),
      corsHeaders(request.header('origin'), config.CORS_ORIGINS),
    );
  }

  async function served(route: Route, request: RawRequest, trace: Trace): Promise<RawReply> {
    const startedAt = performance.now();
    let actor: Actor | undefined;
    let spent: Spent | undefined;
    let reply: RawReply;
    try {
      const address = addressOf(request, config.TRUST_PROXY);
      actor = await actorOf(route, request);
      spent = await budgetOf(route, actor, address);
      await permitted(route, actor, trace, spent);
      const made = await handled(route, request, actor, trace, address);
      reply = { ...made, headers: Object.assign(frame(request, trace, spent), made.headers) };
    } catch (error) {
      reply = answered(error, request, trace, frame(request, trace, spent));
    }
    if (log.on('info')) {
      log.info(
        {
          method: route.method,
          route: route.path,
          status: reply.status,
          ms: Math.round((performance.now() - startedAt) * 100) / 100,
          correlationId: trace.correlationId,
          traceId: trace.traceId,
          userId: actor?.userId,
          orgId: actor?.orgId,
          requestUnits: charges?.soFar(),
        },
        'request',
      );
    }
    return reply;
  }

  function refused(request: RawRequest, error: unknown, trace: Trace): RawReply {
    return answered(error, request, trace, frame(request, trace));
  }

  return {
    serve(route, request) {
      const work = () => {
        if (!telemetry) return served(route, request, traceOf(request, platform.ids));
        return telemetry.request(request, route.path, (current) =>
          served(route, request, traceOf(request, platform.ids, current)),
        );
      };
      return charges ? charges.measured(work) : work();
    },
    refuse(request, error) {
      if (!telemetry) return refused(request, error, traceOf(request, platform.ids));
      return telemetry.strayRequest(request, (current) =>
        refused(request, error, traceOf(request, platform.ids, current)),
      );
    },
    preflight(request, methods) {
      const { status, headers } = preflight(request.header('origin'), config.CORS_ORIGINS, methods);
      return { status, headers: { ...frame(request, traceOf(request, platform.ids)), ...headers } };
    },
  };
}
