/** What the tests of maintenance and damage share: items and reservations as their own slices leave them. */
import { claimsOf } from '../../shared/claims/engine.ts';
import {
  equipmentResource,
  type ItemFields,
  type ItemState,
  items,
  RESERVATION,
} from '../../shared/equipment/model.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { factOf } from '../../shared/platform/facts.ts';
import type { Window } from '../../shared/platform/fields.ts';
import { runReaction } from '../../shared/platform/react.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import { type ReservationState, reservations } from '../../shared/reservations/model.ts';
import { testScope } from '../support/platform.ts';

let serial = 0;

/** A piece of equipment of ten units; its id. */
export async function madeItem(
  scope: Scope,
  more: Partial<ItemFields> & { readonly nextPreventiveDueAt?: string } = {},
): Promise<string> {
  serial += 1;
  const { nextPreventiveDueAt = '2027-04-01T00:00:00Z', ...over } = more;
  const id = systemIds.next();
  const fields: ItemFields = {
    name: `Table ${serial}`,
    category: 'table',
    quantity: 10,
    condition: 'good',
    purchaseDate: '2026-10-01',
    purchasePrice: { amount: 100_000, currency: 'GBP' },
    specifications: [],
    ...over,
  };
  const { orgId } = scope;
  await scope
    .of(items)
    .create(id, () => [{ type: 'EquipmentItemAdded', data: { orgId, fields, nextPreventiveDueAt } }]);
  return id;
}

export async function itemOf(scope: Scope, id: string): Promise<ItemState> {
  return (await scope.of(items).get(id)).state;
}

export async function retired(scope: Scope, id: string): Promise<void> {
  const data = { at: scope.now(), reason: 'Worn out' };
  await scope.of(items).execute(id, () => [{ type: 'EquipmentRetired', data }]);
}

interface Wanted {
  readonly equipmentId: string;
  readonly window: Window;
  readonly quantity?: number;
  /** One that is there, where reactions look for it; else nobody's. */
  readonly eventId?: string;
}

/** Takes units as a reservation does; throws `conflict`. */
export function takeUnits(scope: Scope, id: string, { equipmentId, window, quantity = 10 }: Wanted) {
  return claimsOf(scope).claim({
    id: `claim-${id}`,
    resource: equipmentResource(equipmentId),
    quantity,
    windows: [window],
    use: window,
    owner: { type: RESERVATION, id },
    mode: 'firm',
    capacity: 10,
  });
}

/** A confirmed reservation with its claim; its id. */
export async function reserved(scope: Scope, wanted: Wanted): Promise<string> {
  const id = systemIds.next();
  await takeUnits(scope, id, wanted);
  const { equipmentId, window, quantity = 10 } = wanted;
  const about = { equipmentId, eventId: wanted.eventId ?? systemIds.next() };
  await scope.of(reservations).create(id, () => [
    {
      type: 'EquipmentBookingRequested',
      data: {
        ...about,
        orgId: scope.orgId,
        quantity,
        window,
        windowGiven: true,
        names: { equipment: 'Table', event: 'Spring gala' },
        taken: { equipmentId, claimId: `claim-${id}` },
      },
    },
    { type: 'EquipmentReservedForEvent', data: about },
  ]);
  return id;
}

/** The reservation comes back: the fact that its last step leaves. */
export async function broughtBack(
  scope: Scope,
  reservationId: string,
  counts: { readonly returned: number; readonly damaged: number; readonly missing: number },
): Promise<void> {
  await scope.of(reservations).execute(reservationId, ({ equipmentId, eventId, quantity }: ReservationState) => {
    const done = { step: 'returned', at: scope.now(), by: 'system', counts } as const;
    return [{ type: 'EquipmentReturnedToWarehouse', data: { equipmentId, eventId, quantity, done } }];
  });
}

/** Units taken in a window, by owner type. */
export async function takenIn(scope: Scope, equipmentId: string, window: Window) {
  const busy = await claimsOf(scope).busy(equipmentResource(equipmentId), window);
  return busy.map(({ owner, quantity, window: taken, mode }) => ({ owner: owner.type, quantity, mode, ...taken }));
}

/** The facts of a subject, oldest first. */
export async function factsOf(
  scope: Scope,
  container: 'equipment' | 'reservations',
  subject: string,
): Promise<readonly Fact[]> {
  const { items: found } = await scope
    .documents(container)
    .query({ kind: 'fact', where: [{ path: 'subject', eq: subject }], limit: 100 });
  return found.map(({ document }) => factOf(document));
}

export async function typesOf(
  scope: Scope,
  container: 'equipment' | 'reservations',
  subject: string,
): Promise<readonly string[]> {
  return (await factsOf(scope, container, subject)).map(({ type }) => type);
}

/** Delivers a fact to a reaction, on a process of its own or this one. */
export function deliver(platform: Platform, reaction: Reaction, fact: Fact | undefined): Promise<void> {
  if (!fact) throw new Error('There is no such fact');
  return runReaction(platform, reaction, fact);
}

export function systemScope(platform: Platform, orgId: string): Scope {
  return testScope(platform, orgId);
}
