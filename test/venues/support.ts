/** Venues behind real HTTP: the real store, real Azurite, the relay; only who signs in is told rather than proved. */
import { inject } from 'vitest';
import { removeVenuePhoto } from '../../functions/bus/remove-venue-photo.ts';
import { settleVenueBlock } from '../../functions/bus/settle-venue-block.ts';
import { settleVenueCapacity } from '../../functions/bus/settle-venue-capacity.ts';
import { venueRoutes } from '../../functions/http/venues.ts';
import { startHost } from '../../infra/local/host.ts';
import { startRelay } from '../../infra/local/relay.ts';
import { claimsOf } from '../../shared/claims/engine.ts';
import { events } from '../../shared/events/model.ts';
import { builtInRoles } from '../../shared/identity/roles.ts';
import { type Actor, systemActor } from '../../shared/platform/actor.ts';
import { openBlobs } from '../../shared/platform/blobs.azure.ts';
import { systemClock, systemIds } from '../../shared/platform/clock.ts';
import { createPipeline } from '../../shared/platform/pipeline.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import { venueResource } from '../../shared/venues/model.ts';
import { checkReply } from '../support/client.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';

type Role = keyof typeof builtInRoles;
// biome-ignore lint/suspicious/noExplicitAny: replies are held against the document by checkReply; tests read them freely
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

export interface Client {
  (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  upload(path: string, bytes: Uint8Array, fileName?: string): Promise<Answer>;
}

export interface World {
  readonly platform: TestPlatform;
  readonly orgId: string;
  readonly manager: Client;
  /** A client of a role, in this organization unless another is given. */
  as(role: Role, more?: Partial<Actor>): Client;
  /** Work inside the organization, as the system unless told otherwise. */
  scope(actor?: Partial<Actor>): Scope;
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function startWorld({ at = '2026-10-01T09:00:00Z' }: { readonly at?: string } = {}): Promise<World> {
  const testing = await testPlatform({ at, env: { RATE_SIGNED_IN: '1000000', RATE_UPLOADS: '1000000' } });
  const blobs = openBlobs({ connectionString: inject('azurite'), container: 'pictures', clock: systemClock });
  const platform: Platform = { ...testing, blobs };
  const orgId = systemIds.next();
  const actors = new Map<string, Actor>();
  const relay = startRelay({
    platform,
    reactions: [settleVenueCapacity, settleVenueBlock, removeVenuePhoto],
    folder: testing.folder,
    poll: 20,
  });
  const pipeline = createPipeline(platform, {
    async authenticate(token) {
      const actor = actors.get(token);
      if (!actor) throw new Refusal('unauthenticated', 'Nobody.');
      return actor;
    },
  });
  const host = await startHost({ routes: venueRoutes, pipeline, host: '127.0.0.1', port: 0 });

  function actorOf(role: Role, more: Partial<Actor> = {}): Actor {
    return {
      ...systemActor(orgId),
      kind: 'user',
      userId: systemIds.next(),
      username: `${role}@example.com`,
      displayName: role,
      roles: [role],
      privileges: new Set(builtInRoles[role]),
      ...more,
    };
  }

  function client(role: Role, more?: Partial<Actor>): Client {
    const token = `token-${actors.size}`;
    actors.set(token, actorOf(role, more));
    async function send(method: string, path: string, init: RequestInit & { headers: Record<string, string> }) {
      const response = await fetch(`${host.origin}/api/${path}`, {
        ...init,
        method,
        headers: { ...init.headers, authorization: `Bearer ${token}` },
      });
      await checkReply(method, templateOf(method, path), response);
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
    }
    const call = (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
      body === undefined
        ? send(method, path, { headers: { ...headers } })
        : send(method, path, {
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify(body),
          });
    return Object.assign(call, {
      async upload(path: string, bytes: Uint8Array, fileName = 'photo.jpg') {
        const form = new FormData();
        form.set('file', new Blob([new Uint8Array(bytes)]), fileName);
        return send('POST', path, { headers: {}, body: form });
      },
    });
  }

  return {
    platform: testing,
    orgId,
    manager: client('manager'),
    as: client,
    scope: (actor) => testScope(platform, orgId, { actor: { ...systemActor(orgId), ...actor } }),
    async settled() {
      relay.wake();
      if (!(await relay.drained(10_000))) throw new Error('Facts are still on their way');
    },
    async close() {
      await host.close();
      await relay.stop();
      await testing.close();
    },
  };
}

/** The address as the document writes it. */
function templateOf(method: string, path: string): string {
  const [bare = ''] = path.split('?');
  const fits = (template: string) => {
    const parts = template.split('/');
    const given = bare.split('/');
    return parts.length === given.length && parts.every((part, at) => part.startsWith('{') || part === given[at]);
  };
  const found = venueRoutes.filter((route) => route.method === method && fits(route.path));
  // `venues/available` before `venues/{venueId}`.
  const exact = found.find((route) => !route.path.endsWith('}')) ?? found[0];
  return `/api/${exact?.path}`;
}

let serial = 0;

/** A body that makes a venue. */
export function venueBody(over: Readonly<Record<string, unknown>> = {}) {
  serial += 1;
  return {
    name: `Hall ${serial}`,
    type: 'hall',
    address: { line1: '1 High Street', city: 'London', country: 'GB' },
    timeZone: 'Europe/London',
    capacity: { max: 200 },
    ...over,
  };
}

export async function madeVenue(client: Client, over: Readonly<Record<string, unknown>> = {}): Promise<Body> {
  const { status, body } = await client('POST', 'venues', venueBody(over));
  if (status !== 201) throw new Error(`Not made: ${JSON.stringify(body)}`);
  return body;
}

export interface Booked {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly title?: string;
  readonly customerId?: string;
  readonly attendance?: number;
  readonly turnaroundMinutes?: number;
  readonly capacity?: number;
}

/** An event with its claim, as the events slice leaves them; its id. */
export async function booked(world: World, venueId: string, event: Booked): Promise<string> {
  const { startsAt, endsAt, title = 'Gala', customerId = systemIds.next(), attendance } = event;
  const scope = world.scope();
  const id = scope.newId();
  const claimId = scope.newId();
  const end = new Date(Date.parse(endsAt) + (event.turnaroundMinutes ?? 0) * 60_000).toISOString().slice(0, 19);
  await claimsOf(scope).claim({
    id: claimId,
    resource: venueResource(venueId),
    quantity: 1,
    windows: [{ start: startsAt, end: `${end}Z` }],
    use: { start: startsAt, end: endsAt },
    owner: { type: 'event', id },
    mode: 'firm',
    capacity: event.capacity ?? 1,
  });
  await scope.of(events).create(id, () => [
    {
      type: 'EventCreated',
      data: {
        orgId: world.orgId,
        eventNumber: `EVT-2026-${id.slice(-6)}`,
        title: `${title} ${id.slice(-4)}`,
        eventTypeId: systemIds.next(),
        customerId,
        venueId,
        startsAt,
        endsAt,
        timeZone: 'UTC',
        zoneGiven: true,
        setupMinutes: 0,
        teardownMinutes: 0,
        ...(attendance === undefined ? {} : { attendance }),
        names: { customer: 'C', venue: 'V', type: 'T' },
        taken: { venueId, claimId },
      },
    },
  ]);
  return id;
}
