/** Venues behind real HTTP: the real store, real Azurite, the relay; only who signs in is told rather than proved. */
import { inject } from 'vitest';
import { removeVenuePhoto } from '../../functions/bus/remove-venue-photo.ts';
import { settleVenueBlock } from '../../functions/bus/settle-venue-block.ts';
import { settleVenueCapacity } from '../../functions/bus/settle-venue-capacity.ts';
import { startRelay } from '../../infra/local/relay.ts';
import { claimsOf } from '../../shared/claims/engine.ts';
import { events } from '../../shared/events/model.ts';
import { organizationDefaults, organizations } from '../../shared/identity/model.ts';
import type { BuiltInRole } from '../../shared/identity/roles.ts';
import { type Actor, systemActor } from '../../shared/platform/actor.ts';
import { openBlobs } from '../../shared/platform/blobs.azure.ts';
import { systemClock, systemIds } from '../../shared/platform/clock.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import { extended } from '../../shared/platform/windows.ts';
import { venueResource } from '../../shared/venues/model.ts';
import { type Body, type Caller, callerHost, someoneOf } from '../support/callers.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';

export interface World {
  readonly platform: TestPlatform;
  readonly orgId: string;
  readonly manager: Caller;
  /** A caller of a role, in this organization unless another is given. */
  as(role: BuiltInRole, more?: Partial<Actor>): Caller;
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
  const relay = startRelay({
    platform,
    reactions: [settleVenueCapacity, settleVenueBlock, removeVenuePhoto],
    folder: testing.folder,
    poll: 20,
  });
  const host = await callerHost(platform);
  const data = { ...organizationDefaults, name: 'The organization', country: 'GB' };
  await testScope(platform, orgId)
    .of(organizations)
    .create(orgId, () => [{ type: 'OrganizationCreated', data }]);
  const as = (role: BuiltInRole, more?: Partial<Actor>) => host.as(someoneOf(orgId, role, more));
  return {
    platform: testing,
    orgId,
    manager: as('manager'),
    as,
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

export async function madeVenue(caller: Caller, over: Readonly<Record<string, unknown>> = {}): Promise<Body> {
  const { status, body } = await caller.post('venues', venueBody(over));
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
  await claimsOf(scope).claim({
    id: claimId,
    resource: venueResource(venueId),
    quantity: 1,
    windows: [extended({ start: startsAt, end: endsAt }, event.turnaroundMinutes ?? 0)],
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
