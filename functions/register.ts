/** Registers every declaration with Azure Functions; what cannot be registered is seen and leaves the rest alone. */
import type { app, HttpMethod, InvocationContext, RetryOptions } from '@azure/functions';
import type { Bus } from '../shared/platform/bus.ts';
import { later, SECOND } from '../shared/platform/clock.ts';
import { Id } from '../shared/platform/fields.ts';
import { notReady, requestOf, responseOf } from '../shared/platform/http.azure.ts';
import type { Log } from '../shared/platform/log.ts';
import { namingProblems } from '../shared/platform/react.ts';
import type { Reaction, Timer } from '../shared/platform/reaction.ts';
import type { Route } from '../shared/platform/route.ts';
import type { Dispatch } from '../shared/platform/router.ts';
import { runTick, scheduleOf } from '../shared/platform/run-timer.ts';
import type { Platform } from '../shared/platform/scope.ts';
import { outboxes, relayChanges } from './feed/outbox.ts';
import { messageHandler, type Pause } from './message.ts';

export type App = Pick<typeof app, 'http' | 'serviceBusTopic' | 'timer' | 'cosmosDB'>;

interface Declared {
  readonly routes: readonly Route[];
  readonly reactions: readonly Reaction[];
  readonly timers: readonly Timer[];
}

/** What the triggers work with; made when the first of them runs. */
export interface Running {
  readonly platform: Platform;
  readonly dispatch: Dispatch;
  readonly bus: Bus;
}

export interface RegisterOptions {
  readonly running: () => Promise<Running>;
  readonly database: string;
  readonly topic: string;
  /** Whether Cosmos DB and Service Bus are there; without them only HTTP and timers are registered. */
  readonly feeds: boolean;
  readonly log: Log;
  /** Waits so many milliseconds; the clock of tests. */
  readonly pause?: Pause;
}

/** Names of connections: settings `Cosmos__accountEndpoint` and `ServiceBus__fullyQualifiedNamespace`, managed identity. */
const COSMOS = 'Cosmos';
const SERVICE_BUS = 'ServiceBus';
const FOR_EVER: RetryOptions = {
  strategy: 'exponentialBackoff',
  maxRetryCount: -1,
  minimumInterval: { seconds: 1 },
  maximumInterval: { minutes: 1 },
};
const EVERY_METHOD: HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Registers all; what could not be registered comes back, one line each, and was logged. */
export function register(azure: App, { routes, reactions, timers }: Declared, options: RegisterOptions): string[] {
  const { running, log } = options;
  const names = new Set<string>();
  const problems: string[] = [];

  function report(problem: string, error?: unknown): void {
    problems.push(problem);
    log.error({ err: error }, problem);
  }

  function attempt(name: string, registered: () => void): void {
    try {
      // The host compares names without case.
      if (names.has(name.toLowerCase())) throw new Error('another function has this name');
      names.add(name.toLowerCase());
      registered();
    } catch (error) {
      report(`The function "${name}" cannot be registered`, error);
    }
  }

  for (const problem of namingProblems(reactions, timers)) report(problem);
  const handler = httpHandler(running, log);
  for (const route of literalsFirst(routes)) {
    const methods: HttpMethod[] = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];
    const name = functionName(route);
    attempt(name, () => azure.http(name, { authLevel: 'anonymous', methods, route: template(route), handler }));
  }
  registerRest(azure, running, log);
  for (const timer of timers) attempt(`timer-${timer.name}`, () => registerTimer(azure, timer, running));
  if (!options.feeds) return problems;
  for (const reaction of reactions) {
    const name = `on-${reaction.name}`;
    attempt(name, () =>
      azure.serviceBusTopic(name, {
        connection: SERVICE_BUS,
        topicName: options.topic,
        subscriptionName: reaction.name,
        isSessionsEnabled: true,
        handler: messageHandler(reaction, running, options.pause),
      }),
    );
  }
  for (const container of outboxes) {
    const name = `outbox-${container}`;
    attempt(name, () =>
      azure.cosmosDB(name, {
        connection: COSMOS,
        databaseName: options.database,
        containerName: container,
        leaseContainerName: 'leases',
        leaseContainerPrefix: container,
        startFromBeginning: true,
        feedPollDelay: SECOND / 2,
        maxItemsPerInvocation: 100,
        retry: FOR_EVER,
        async handler(items: unknown[]) {
          const { platform, bus } = await running();
          await relayChanges(platform.store, bus, items, platform.telemetry);
        },
      }),
    );
  }
  return problems;
}

function registerTimer(azure: App, timer: Timer, running: RegisterOptions['running']): void {
  const schedule = scheduleOf(timer);
  azure.timer(`timer-${timer.name}`, {
    schedule: timer.schedule,
    async handler() {
      const { platform } = await running();
      const now = platform.clock.now();
      // The host may be a moment early; the tick it means is then still to come.
      await runTick(platform, timer, schedule.upTo(later(now, 2 * SECOND)) ?? now);
    },
  });
}

/**
 * Everything that is no route: 404, 405, preflights. The host tries functions in the order of their names, so this comes
 * last; and whichever function the host takes, our own router decides.
 */
export function registerRest(azure: Pick<App, 'http'>, running: () => Promise<Pick<Running, 'dispatch'>>, log: Log) {
  const handler = httpHandler(running, log);
  azure.http('zzz-otherwise', { authLevel: 'anonymous', methods: EVERY_METHOD, route: '{*path}', handler });
}

/** Answers every request through the router; when the app cannot start, as `unavailable`. */
export function httpHandler(running: () => Promise<Pick<Running, 'dispatch'>>, log: Log) {
  return async (
    request: Parameters<typeof requestOf>[0],
    { invocationId }: Pick<InvocationContext, 'invocationId'>,
  ) => {
    const raw = requestOf(request);
    try {
      const { dispatch } = await running();
      return responseOf(await dispatch(raw), raw.method, invocationId);
    } catch (error) {
      const { reply, trace } = notReady(raw);
      const about = { path: raw.path, correlationId: trace.correlationId, traceId: trace.traceId };
      log.error({ ...about, err: error }, 'a request cannot be answered: the app did not start');
      return responseOf(reply, raw.method, invocationId);
    }
  };
}

/** `GET events/{eventId}` becomes `get-events-eventId`: letters, digits and hyphens, as the host demands. */
export function functionName({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return `${method.toLowerCase()}-${path.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '')}`;
}

/** Ids are constrained to UUIDs, so that `events/search` never reaches `events/{eventId}`. */
export function template({ path, params }: Pick<Route, 'path' | 'params'>): string {
  return path.replace(/\{(\w+)\}/g, (whole, name: string) => (params.shape[name] === Id ? `{${name}:guid}` : whole));
}

/** Routes in which literal segments stand before parameters at the same place. */
export function literalsFirst(routes: readonly Route[]): readonly Route[] {
  const keyed = routes.map((route) => ({ route, key: route.path.replace(/\{\w+\}/g, '\uffff') }));
  return keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0)).map(({ route }) => route);
}
