/**
 * What the system tells of itself, in the terms of OpenTelemetry (REQ-EQP-112). Nothing of it holds a title, a name, an
 * address or an e-mail. Without an SDK (`telemetry.sdk.ts`) there is no `Telemetry`, and each seam goes straight to its
 * work.
 */
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Meter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { ContainerName } from './containers.ts';
import type { Fact } from './facts.ts';
import type { RawReply, RawRequest } from './http.ts';
import { Refusal, type RefusalCode } from './refusal.ts';
import { CommitRefused } from './store.ts';
import {
  CHARGE,
  CONTAINER,
  DB_OPERATION,
  DB_SYSTEM,
  ERROR,
  FACTS,
  HTTP_METHODS,
  METHOD,
  metricsOf,
  ORGANIZATION,
  REACTION,
  REASON,
  ROUTE,
  SOCKETS,
  STATUS,
} from './telemetry.names.ts';
import { traceContextOf, traceparentOf } from './trace-context.ts';

/** What is at work here: `cosmosdb` or `sqlite`, `servicebus` or `local`. */
export interface Systems {
  readonly store: string;
  readonly bus: string;
}

/** Each runs its work inside a span that follows from what is under way, and fails as the work fails. */
export interface Telemetry {
  /**
   * A request, continuing the trace of its header. `route` is the address as it is declared, after `/api/`. The work gets
   * the `traceparent` of what it brings about.
   */
  request(request: RawRequest, route: string, work: (traceparent: string) => Promise<RawReply>): Promise<RawReply>;
  /** A request to what is no route. */
  strayRequest(request: RawRequest, work: (traceparent: string) => RawReply): RawReply;
  /** Says why the request under way is refused. */
  refused(code: RefusalCode): void;
  /** A call to the store; no span outside of a trace. */
  storeCall<T>(operation: string, container: ContainerName, work: () => Promise<T>): Promise<T>;
  /** Adds request units to the call under way, and to the request, reaction or timer that makes it. */
  charged(requestUnits: number): void;
  /** Facts on their way to the bus: one span for each trace among them. */
  sending(facts: readonly Fact[], work: () => Promise<void>): Promise<void>;
  /** Work for a fact, in the trace that the fact came from. */
  following<T>(fact: Fact, work: () => Promise<T>): Promise<T>;
  /** A fact received and reacted to, in the trace that it came from; `now` is compared with the time of the fact. */
  reaction(name: string, fact: Fact, now: string, work: (traceparent: string) => Promise<void>): Promise<void>;
  /** A tick of a timer: a trace of its own. */
  timer(name: string, work: (traceparent: string) => Promise<void>): Promise<void>;
  /** A call to the service of sockets; no span outside of a trace. */
  sockets<T>(operation: string, work: () => Promise<T>): Promise<T>;
  /** A message of a reaction was given up. */
  deadLetter(reaction: string): void;
  /** Sends what is still here and ends; nothing is recorded after it. */
  stop(): Promise<void>;
}

/** What a span and those above it add up. */
interface Account {
  readonly over: Account | undefined;
  readonly container?: ContainerName | undefined;
  units: number;
  refusal?: RefusalCode;
}

const ACCOUNT = createContextKey('marquee account');
const accountIn = (at: Context) => at.getValue(ACCOUNT) as Account | undefined;

function remote(traceparent: string | undefined): Context {
  const found = traceContextOf(traceparent);
  return found ? trace.setSpanContext(ROOT_CONTEXT, { ...found, isRemote: true }) : ROOT_CONTEXT;
}

/** The kind of a failure, without its words, which may hold anything. */
function kindOf(error: unknown): string {
  if (error instanceof Refusal) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

function failed(span: Span, error: unknown): void {
  span.setAttribute(ERROR, kindOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

interface Spanned {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly parent: Context;
  readonly container?: ContainerName;
}

/** Telemetry by way of an SDK's tracer and meter; `stop` is theirs. */
export function telemetryOver(tracer: Tracer, meter: Meter, systems: Systems, stop: () => Promise<void>): Telemetry {
  const { durations, refusals, conflicts, charges, ages, deadLetters } = metricsOf(meter);

  /** Ends the span when the work has ended. */
  async function spanned<T>(
    name: string,
    { kind, attributes, parent, container }: Spanned,
    work: (span: Span) => Promise<T>,
  ): Promise<T> {
    const span = tracer.startSpan(name, { kind, attributes }, parent);
    const account: Account = { over: accountIn(parent), container, units: 0 };
    try {
      const inside = trace.setSpan(parent, span).setValue(ACCOUNT, account);
      return await context.with(inside, () => work(span));
    } catch (error) {
      // That somebody else was first is no failure of the store.
      if (kind === SpanKind.CLIENT && error instanceof CommitRefused) span.setAttribute(ERROR, error.reason);
      else failed(span, error);
      throw error;
    } finally {
      if (account.units > 0) span.setAttribute(CHARGE, account.units);
      span.end();
    }
  }

  /** A request begun; `answered` ends it. Nothing throws in between: the pipeline answers every failure. */
  function begun(request: RawRequest, route: string | undefined) {
    const startedAt = performance.now();
    const method = HTTP_METHODS.has(request.method) ? request.method : '_OTHER';
    const address = route === undefined ? {} : { [ROUTE]: `/api/${route}` };
    const labels = { [METHOD]: method, ...address };
    const attributes: Attributes = {
      ...labels,
      // As it is declared: what stands in the place of a parameter is the caller's.
      'url.path': route === undefined ? '/' : `/api/${route}`,
      'url.scheme': request.origin.startsWith('https:') ? 'https' : 'http',
    };
    const name = route === undefined ? method : `${method} /api/${route}`;
    const parent = remote(request.header('traceparent'));
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    const account: Account = { over: undefined, units: 0 };
    return {
      inside: trace.setSpan(parent, span).setValue(ACCOUNT, account),
      traceparent: traceparentOf(span.spanContext()),
      answered(reply: RawReply): RawReply {
        const { status } = reply;
        const { refusal, units } = account;
        span.setAttribute(STATUS, status);
        if (units > 0) span.setAttribute(CHARGE, units);
        if (refusal) {
          span.setAttribute(ERROR, refusal);
          refusals.add(1, { ...labels, [ERROR]: refusal });
        }
        // A refusal is the right answer: Application Insights would count it as a failure if nothing were said.
        if (status >= 400) span.setStatus({ code: status >= 500 ? SpanStatusCode.ERROR : SpanStatusCode.OK });
        durations.record((performance.now() - startedAt) / 1000, { ...labels, [STATUS]: status });
        span.end();
        return reply;
      },
    };
  }

  const messaging = (operation: string): Attributes => ({
    'messaging.system': systems.bus,
    'messaging.destination.name': FACTS,
    'messaging.operation.type': operation,
  });
  const about = (fact: Fact): Attributes => ({
    'messaging.message.id': fact.id,
    'cloudevents.event_type': fact.type,
    [ORGANIZATION]: fact.orgid,
  });

  return {
    async request(request, route, work) {
      const { inside, traceparent, answered } = begun(request, route);
      return answered(await context.with(inside, () => work(traceparent)));
    },
    strayRequest(request, work) {
      const { inside, traceparent, answered } = begun(request, undefined);
      return answered(context.with(inside, () => work(traceparent)));
    },
    refused(code) {
      const account = accountIn(context.active());
      if (account) account.refusal = code;
    },
    async storeCall(operation, container, work) {
      const parent = context.active();
      const attributes = { [DB_SYSTEM]: systems.store, [DB_OPERATION]: operation, [CONTAINER]: container };
      try {
        if (trace.getSpanContext(parent) === undefined) return await work();
        return await spanned(
          `${operation} ${container}`,
          { kind: SpanKind.CLIENT, attributes, parent, container },
          work,
        );
      } catch (error) {
        if (error instanceof CommitRefused) conflicts.add(1, { [CONTAINER]: container, [REASON]: error.reason });
        throw error;
      }
    },
    charged(requestUnits) {
      const account = accountIn(context.active());
      charges.add(requestUnits, account?.container === undefined ? {} : { [CONTAINER]: account.container });
      for (let at = account; at; at = at.over) at.units += requestUnits;
    },
    async sending(facts, work) {
      const traces = new Map<string | undefined, Fact[]>();
      for (const fact of facts) traces.set(fact.traceparent, [...(traces.get(fact.traceparent) ?? []), fact]);
      const spans = [...traces].map(([traceparent, [first, ...more]]) => {
        const one = first && more.length === 0 ? about(first) : {};
        const attributes = { ...messaging('send'), ...one, 'messaging.batch.message_count': more.length + 1 };
        return tracer.startSpan(`send ${FACTS}`, { kind: SpanKind.PRODUCER, attributes }, remote(traceparent));
      });
      try {
        await work();
      } catch (error) {
        for (const span of spans) failed(span, error);
        throw error;
      } finally {
        for (const span of spans) span.end();
      }
    },
    following: (fact, work) => context.with(remote(fact.traceparent), work),
    async reaction(name, fact, now, work) {
      const waited = Math.max(0, Date.parse(now) - Date.parse(fact.time)) / 1000;
      ages.record(waited, { [REACTION]: name });
      const attributes = {
        ...messaging('process'),
        ...about(fact),
        'messaging.destination.subscription.name': name,
      };
      const received = { kind: SpanKind.CONSUMER, attributes, parent: remote(fact.traceparent) };
      await spanned(`process ${FACTS}/${name}`, received, () => {
        const inner = { [REACTION]: name, 'cloudevents.event_type': fact.type };
        return spanned(
          `reaction ${name}`,
          { kind: SpanKind.INTERNAL, attributes: inner, parent: context.active() },
          (span) => work(traceparentOf(span.spanContext())),
        );
      });
    },
    timer: (name, work) =>
      spanned(
        `timer ${name}`,
        { kind: SpanKind.SERVER, attributes: { 'faas.trigger': 'timer' }, parent: ROOT_CONTEXT },
        (span) => work(traceparentOf(span.spanContext())),
      ),
    async sockets(operation, work) {
      const parent = context.active();
      if (trace.getSpanContext(parent) === undefined) return work();
      const attributes = {
        'messaging.system': 'webpubsub',
        'messaging.destination.name': SOCKETS,
        'messaging.operation.type': 'send',
        'messaging.operation.name': operation,
      };
      return spanned(`${operation} ${SOCKETS}`, { kind: SpanKind.PRODUCER, attributes, parent }, work);
    },
    deadLetter: (reaction) => deadLetters.add(1, { [REACTION]: reaction }),
    stop,
  };
}
