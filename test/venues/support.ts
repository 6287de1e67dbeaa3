/** What the tests of venues share: a served organization, venues, and events as their slice leaves them. */
import { removePhotoBlobs } from '../../functions/bus/remove-photo.ts';
import { settleVenueBlock } from '../../functions/bus/settle-venue-block.ts';
import { settleVenueCapacity } from '../../functions/bus/settle-venue-capacity.ts';
import { claimsOf } from '../../shared/claims/engine.ts';
import { events } from '../../shared/events/model.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { extended } from '../../shared/platform/windows.ts';
import { venueResource } from '../../shared/venues/model.ts';
import type { Body, Caller } from '../support/callers.ts';
import { type Served, served } from '../support/served.ts';

export type World = Served;

export function startWorld({ at }: { readonly at?: string } = {}): Promise<World> {
  const reactions = [settleVenueCapacity, settleVenueBlock, removePhotoBlobs];
  return served({ at, organization: { country: 'GB' }, reactions });
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

interface Booked {
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
