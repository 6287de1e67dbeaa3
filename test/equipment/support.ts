/** What the tests of equipment share: a served organization, items, and reservations as their slice leaves them. */
import { removePhotoBlobs } from '../../functions/bus/remove-photo.ts';
import { settleEquipmentCapacity } from '../../functions/bus/settle-equipment-capacity.ts';
import { claimsOf } from '../../shared/claims/engine.ts';
import { equipmentResource, items, RESERVATION, unitsToTake } from '../../shared/equipment/model.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { type Fact, factOf } from '../../shared/platform/facts.ts';
import type { Window } from '../../shared/platform/fields.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { reservations } from '../../shared/reservations/model.ts';
import type { Body, Caller } from '../support/callers.ts';
import { type Served, served } from '../support/served.ts';

export interface World extends Served {
  /** The facts of an item, oldest first. */
  facts(itemId: string): Promise<Fact[]>;
}

interface WorldOptions {
  readonly at?: string;
  readonly timeZone?: string;
  readonly reactions?: readonly Reaction[];
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { at, timeZone = 'Etc/UTC', reactions = [settleEquipmentCapacity, removePhotoBlobs] } = options;
  const world = await served({ at, organization: { timeZone }, reactions });
  return {
    ...world,
    async facts(itemId) {
      const where = [{ path: 'subject', eq: itemId }];
      const page = await world.scope().documents('equipment').query({ kind: 'fact', where, limit: 100 });
      return page.items.map(({ document }) => factOf(document));
    },
  };
}

let serial = 0;

/** A body that makes an item. */
export function itemBody(over: Readonly<Record<string, unknown>> = {}) {
  serial += 1;
  return {
    name: `Item ${serial}`,
    category: 'table',
    quantity: 10,
    condition: 'good',
    purchaseDate: '2026-08-01',
    purchasePrice: { amount: 20_000, currency: 'USD' },
    ...over,
  };
}

export async function madeItem(caller: Caller, over: Readonly<Record<string, unknown>> = {}): Promise<Body> {
  const { status, body } = await caller.post('equipment', itemBody(over));
  if (status !== 201) throw new Error(`Not made: ${JSON.stringify(body)}`);
  return body;
}

export const NOVEMBER: Window = { start: '2026-11-10T10:00:00Z', end: '2026-11-11T10:00:00Z' };

/** Holds units as a reservation on its way does; the claim's id. Throws `conflict`. */
export async function held(scope: Scope, itemId: string, quantity: number, window = NOVEMBER): Promise<string> {
  const { state } = await scope.of(items).get(itemId);
  const claimId = scope.newId();
  await claimsOf(scope).claim({
    id: claimId,
    resource: equipmentResource(itemId),
    quantity,
    windows: [window],
    use: window,
    owner: { type: RESERVATION, id: claimId },
    mode: 'held',
    expiresAt: '2026-10-01T09:15:00Z',
    capacity: unitsToTake(state),
  });
  return claimId;
}

/** A reservation with its claim, as its slice leaves them; its id. Throws `conflict`. */
export async function reserved(scope: Scope, itemId: string, quantity: number, window = NOVEMBER): Promise<string> {
  const claimId = await held(scope, itemId, quantity, window);
  await scope.of(reservations).create(claimId, () => [
    {
      type: 'EquipmentBookingRequested',
      data: {
        orgId: scope.orgId,
        equipmentId: itemId,
        eventId: systemIds.next(),
        quantity,
        window,
        windowGiven: true,
        names: { equipment: 'E', event: 'V' },
        taken: { equipmentId: itemId, claimId },
      },
    },
  ]);
  await claimsOf(scope).firm(equipmentResource(itemId), claimId);
  return claimId;
}

/** Cancels it and gives its units back. */
export async function cancelled(scope: Scope, itemId: string, id: string): Promise<void> {
  const released = { equipmentId: itemId, claimId: id };
  await scope.of(reservations).execute(id, ({ eventId }) => [
    {
      type: 'EquipmentReservationCancelled',
      data: { quantity: 1, equipmentId: itemId, eventId, reason: 'Not needed', released },
    },
  ]);
  await claimsOf(scope).release(equipmentResource(itemId), id);
}

export async function freeUnits(scope: Scope, itemId: string, window = NOVEMBER): Promise<number> {
  return claimsOf(scope).free(equipmentResource(itemId), window, 0);
}
