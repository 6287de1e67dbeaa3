/** What the tests of events share: real HTTP over the real store and pipeline, with actors of every role. */
import { reactions, routes } from '../../functions/registry.ts';
import { startHost } from '../../infra/local/host.ts';
import { type Relay, startRelay } from '../../infra/local/relay.ts';
import { NewCustomer } from '../../shared/customers/fields.ts';
import { customerAggregate } from '../../shared/customers/model.ts';
import { defaultTypeId } from '../../shared/events/types.ts';
import type { EventBody } from '../../shared/events/views.ts';
import { type BuiltInRole, builtInRoles } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { createPipeline } from '../../shared/platform/pipeline.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import { VenueFields } from '../../shared/venues/fields.ts';
import { venues } from '../../shared/venues/model.ts';
import { checkReply } from '../support/client.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are held against the OpenAPI document; tests look at some fields
  readonly body: any;
  readonly headers: Headers;
}

type Sent = Readonly<Record<string, string>>;
export interface Client {
  readonly actor: Actor;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Sent): Promise<Answer>;
  patch(path: string, body: unknown, headers?: Sent): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
}

export interface Stage {
  readonly platform: Platform;
  readonly orgId: string;
  readonly scope: Scope;
  readonly typeId: string;
  /** Somebody of a role, in this organization unless told otherwise. */
  as(role: BuiltInRole, more?: Partial<Actor>): Client;
  /** The same organization, served over another platform (another process, or one that fails). */
  over(platform: Platform): Promise<Stage>;
  /** A platform of another process on the same file. */
  twin(): Platform;
  customer(name?: string, status?: 'active' | 'inactive'): Promise<string>;
  venue(more?: Partial<VenueFields>): Promise<string>;
  /** A body for POST /events: the first of December 2026, 18 to 21 h, a customer and a venue of its own. */
  booking(more?: Partial<EventBody>): Promise<EventBody>;
  /** Runs every reaction that is due. */
  settle(): Promise<void>;
  move(instant: string): void;
}

let made = 0;
export function count(): number {
  made += 1;
  return made;
}

const closers: (() => Promise<void>)[] = [];
/** Closes all that this file opened, newest first. */
export async function closeStages(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** Starts an organization's world; `at` is where its clock starts. */
export async function stage(at?: string): Promise<Stage> {
  const root = await testPlatform(at === undefined ? {} : { at });
  closers.push(() => root.close());
  return stageOn(root, root, systemIds.next());
}

function clients(orgId: string, origin: () => string, actors: Map<string, Actor>) {
  return (role: BuiltInRole, more: Partial<Actor> = {}): Client => {
    const actor: Actor = {
      kind: 'user',
      userId: systemIds.next(),
      orgId,
      username: `${role}@example.com`,
      displayName: `The ${role}`,
      sessionId: 'session',
      roles: [role],
      privileges: new Set(builtInRoles[role]),
      ...more,
    };
    const token = `token-${actor.userId}`;
    actors.set(token, actor);
    async function send(method: string, path: string, body?: unknown, headers: Sent = {}): Promise<Answer> {
      const typed: Sent = body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await fetch(`${origin()}/api/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...typed, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      // `fields` trims what the document says is always there.
      if (!path.includes('fields=')) await checkReply(method, templateOf(method, path), response);
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
    }
    return {
      actor,
      get: (path) => send('GET', path),
      post: (path, body, headers) => send('POST', path, body, headers),
      patch: (path, body, headers) => send('PATCH', path, body, headers),
      put: (path, body) => send('PUT', path, body),
      delete: (path) => send('DELETE', path),
    };
  };
}

async function stageOn(root: TestPlatform, platform: Platform, orgId: string): Promise<Stage> {
  const actors = new Map<string, Actor>();
  const pipeline = createPipeline(platform, {
    async authenticate(token) {
      const actor = actors.get(token);
      if (!actor) throw new Refusal('unauthenticated', 'Unknown token.');
      return actor;
    },
  });
  const host = await startHost({ routes, pipeline, host: '127.0.0.1', port: 0 });
  closers.push(() => host.close());
  const scope = testScope(root, orgId);
  const typeId = defaultTypeId(orgId, 'Wedding');
  let relay: Relay | undefined;

  async function customer(name = `Customer ${count()}`, status: 'active' | 'inactive' = 'active'): Promise<string> {
    const { contacts: _, ...fields } = NewCustomer.parse({
      name,
      type: 'enterprise',
      primaryEmail: 'hello@example.com',
      primaryPhone: '+442079460018',
    });
    const id = systemIds.next();
    const state = { ...fields, customerNumber: `CUS-${count()}`, addresses: [], contacts: [] };
    await scope.of(customerAggregate).create(id, () => [{ type: 'CustomerRegistered', data: { customer: state } }]);
    if (status === 'inactive') {
      const data = { reason: 'Gone', changes: { status: { from: 'active', to: 'inactive' } } };
      await scope.of(customerAggregate).execute(id, () => [{ type: 'CustomerDeactivated', data }]);
    }
    return id;
  }

  async function venue(more: Partial<VenueFields> = {}): Promise<string> {
    const fields = VenueFields.parse({
      name: `Venue ${count()}`,
      type: 'hall',
      address: { line1: '1 High Street', city: 'London', country: 'GB' },
      timeZone: 'Europe/London',
      capacity: { max: 100 },
      ...more,
    });
    const id = systemIds.next();
    await scope.of(venues).create(id, () => [{ type: 'VenueAdded', data: { fields, contacts: [] } }]);
    return id;
  }

  return {
    platform,
    orgId,
    scope,
    typeId,
    as: clients(orgId, () => host.origin, actors),
    over: (other) => stageOn(root, other, orgId),
    twin: () => root.twin(),
    customer,
    venue,
    async booking(more = {}) {
      return {
        title: `Gala ${count()}`,
        eventTypeId: typeId,
        customerId: more.customerId ?? (await customer()),
        venueId: more.venueId ?? (await venue()),
        startsAt: '2026-12-01T18:00:00Z',
        endsAt: '2026-12-01T21:00:00Z',
        setupMinutes: 0,
        teardownMinutes: 0,
        ...more,
      };
    },
    async settle() {
      if (!relay) {
        const started = startRelay({
          platform: root,
          reactions,
          folder: root.folder,
          retry: { firstDelay: 5, longestDelay: 50 },
        });
        closers.push(() => started.stop());
        relay = started;
      }
      relay.wake();
      if (!(await relay.drained(15_000))) throw new Error('Facts are still on their way');
    },
    move: (instant) => root.clock.set(instant),
  };
}

const templates = routes.map(({ method, path }) => ({
  method,
  path: `/api/${path}`,
  shape: new RegExp(`^/api/${path.replace(/\{\w+\}/g, '[^/]+')}$`),
}));

function templateOf(method: string, path: string): string {
  const plain = `/api/${path.split('?')[0]}`;
  const same = templates.filter((one) => one.method === method);
  return (same.find((one) => one.path === plain) ?? same.find((one) => one.shape.test(plain)))?.path ?? plain;
}
