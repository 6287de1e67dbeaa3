/** Azure Functions as tests see it: what was registered, and handlers that can be called. */
import type { HttpHandler, HttpMethod, InvocationContext } from '@azure/functions';
import { InvocationContext as Context } from '@azure/functions';
import type { App, RegisterOptions, Running } from '../../functions/register.ts';
import type { Bus } from '../../shared/platform/bus.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { silentLog } from './platform.ts';

interface HttpRegistered {
  readonly name: string;
  readonly route: string;
  readonly methods: readonly HttpMethod[];
  readonly authLevel: string;
  readonly handler: HttpHandler;
}

export interface RecordedApp extends App {
  readonly https: HttpRegistered[];
  readonly topics: Map<string, { readonly subscription: string; readonly call: Call }>;
  readonly timers: Map<string, { readonly schedule: string; readonly call: Call }>;
  readonly feeds: Map<string, { readonly container: string; readonly fromBeginning: boolean; readonly call: Call }>;
}
type Call = (input?: unknown) => Promise<void>;

export function contextOf(name: string): InvocationContext {
  return new Context({ functionName: name, invocationId: 'an-invocation' });
}

/** An app that refuses names the way the host does, and records the rest. */
export function recordedApp(): RecordedApp {
  const app: Pick<RecordedApp, 'https' | 'topics' | 'timers' | 'feeds'> = {
    https: [],
    topics: new Map(),
    timers: new Map(),
    feeds: new Map(),
  };
  function legal(name: string): void {
    if (!/^[A-Za-z][A-Za-z0-9_-]{0,126}$/.test(name)) throw new Error(`"${name}" is no name for a function`);
  }
  const call = (name: string, handler: unknown): Call => {
    return async (input) => {
      if (typeof handler !== 'function') throw new Error(`${name} has no handler`);
      await handler(input, contextOf(name));
    };
  };
  return {
    ...app,
    http(name, { handler, route = name, methods = ['GET', 'POST'], authLevel = 'anonymous' }) {
      legal(name);
      app.https.push({ name, route, methods, authLevel, handler });
    },
    serviceBusTopic(name, { handler, subscriptionName: subscription }) {
      legal(name);
      app.topics.set(name, { subscription, call: call(name, handler) });
    },
    timer(name, { handler, schedule }) {
      legal(name);
      app.timers.set(name, { schedule, call: call(name, handler) });
    },
    cosmosDB(name, options) {
      legal(name);
      const container = 'containerName' in options ? options.containerName : '';
      const fromBeginning = options.startFromBeginning ?? false;
      app.feeds.set(name, { container, fromBeginning, call: call(name, options.handler) });
    },
  };
}

/** A bus that records, or fails as long as it is told to. */
export interface RecordedBus extends Bus {
  readonly published: Fact[];
  down: boolean;
}

export function recordedBus(): RecordedBus {
  const published: Fact[] = [];
  return {
    published,
    down: false,
    async publish(facts) {
      if (this.down) throw new Error('the bus is down');
      published.push(...facts);
    },
    async ping() {},
    async close() {},
  };
}

export interface RecordedLog extends Log {
  readonly errors: string[];
}
export function recordedLog(): RecordedLog {
  const errors: string[] = [];
  return { ...silentLog, errors, error: (_, message) => void errors.push(message) };
}

export function registerOptions(platform: Platform, bus: Bus, log: Log, more: Partial<RegisterOptions> = {}) {
  const running: Running = { platform, bus, dispatch: async () => ({ status: 200, headers: {} }) };
  return { running: async () => running, database: 'marquee', topic: 'domain-events', feeds: true, log, ...more };
}
