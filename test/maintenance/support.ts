/** What the tests of maintenance share with those beside it: items and reservations as their own slices leave them. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { claimsOf } from '../../shared/claims/engine.ts';
import { equipmentResource, type ItemState, items, RESERVATION } from '../../shared/equipment/model.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { factOf } from '../../shared/platform/facts.ts';
import type { Window } from '../../shared/platform/fields.ts';
import { runReaction } from '../../shared/platform/react.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import { type ReservationState, reservations } from '../../shared/reservations/model.ts';
import { closeStages, type Stage, stage } from '../events/support.ts';
import type { Body, Person } from '../support/callers.ts';
import { happened, storedItem } from '../support/items.ts';

interface Workshop {
  readonly world: Stage;
  readonly technician: Person;
  readonly manager: Person;
  /** Ten units, new for every test. */
  readonly equipmentId: string;
}

/** Opens a world for the tests of a file, and hands it over before each with an item of its own. */
export function inWorkshop(use: (shop: Workshop) => void): void {
  let world: Stage;
  beforeAll(async () => {
    world = await stage();
  });
  beforeEach(async () => {
    world.move('2026-11-20T09:00:00Z');
    const [technician, manager] = [world.as('maintenanceTechnician'), world.as('manager')];
    use({ world, technician, manager, equipmentId: await storedItem(world.scope) });
  });
  afterAll(closeStages);
}

export async function itemOf(scope: Scope, id: string): Promise<ItemState> {
  return (await scope.of(items).get(id)).state;
}

export async function retired(scope: Scope, id: string): Promise<void> {
  const data = { at: scope.now(), reason: 'Worn out' };
  await happened(scope, id, { type: 'EquipmentRetired', data });
}

/** A body that schedules maintenance: two hours on the first of December 2026. */
export function repair(more: object = {}) {
  return {
    type: 'repair',
    scheduledAt: '2026-12-01T10:00:00Z',
    estimatedMinutes: 120,
    description: 'Mend the castors',
    ...more,
  };
}

/** Maintenance of an item, as somebody schedules it. */
export async function scheduled(by: Person, equipmentId: string, more?: object): Promise<Body> {
  const answer = await by.post(`equipment/${equipmentId}/maintenance`, repair(more));
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body;
}

/** Where a maintenance is read. */
export const path = ({ id }: { readonly id: string }) => `equipment/maintenance/${id}`;

interface Wanted {
  readonly equipmentId: string;
  readonly window: Window;
  readonly quantity?: number;
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

/** A confirmed reservation with its claim, for an event that is there: it would be called off otherwise; its id. */
export async function reserved(world: Pick<Stage, 'scope' | 'as' | 'booking'>, wanted: Wanted): Promise<string> {
  const { scope } = world;
  const id = systemIds.next();
  await takeUnits(scope, id, wanted);
  const { equipmentId, window, quantity = 10 } = wanted;
  const { name } = await itemOf(scope, equipmentId);
  const { body: event } = await world.as('manager').post('events', await world.booking({ title: 'Spring gala' }));
  const about = { equipmentId, eventId: event.id };
  await scope.of(reservations).create(id, () => [
    {
      type: 'EquipmentBookingRequested',
      data: {
        ...about,
        orgId: scope.orgId,
        quantity,
        window,
        windowGiven: true,
        names: { equipment: name, event: event.title },
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

const ALWAYS: Window = { start: '2026-01-01T00:00:00Z', end: '2027-12-31T00:00:00Z' };

/** Units taken in a window, by owner type; in two years unless told otherwise. */
export async function takenIn(scope: Scope, equipmentId: string, window = ALWAYS) {
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
