/** Keeps reservations in step with their event and their item: called off, moved, flagged, renamed (spec chapter 06). */
import type { Shortage } from '../claims/model.ts';
import { type ItemState, items, RESERVATION } from '../equipment/model.ts';
import { type EventState, events } from '../events/model.ts';
import { pagesOf } from '../platform/pages.ts';
import { isRefusal, unlessGone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import { isSame, overlapOf } from '../platform/windows.ts';
import { isOpenEvent, isOverdue } from './checks.ts';
import { executeTaking } from './commands.ts';
import { flags, isOpen, isOut, type ReservationFact, type ReservationState, reservations } from './model.ts';
import { GIVING_BACK, placingUnits, type TakeUnits } from './placing.ts';
import { cancelled, followed, givesBack, revised, windowOf } from './rules.ts';

/** Reservations of a page are worked on side by side. */
const PAGE = 25;

/** Does something to every reservation of an item or event; done again after a crash it finds what is left. */
function eachReservation(scope: Scope, path: 'equipmentId' | 'eventId', id: string, work: Work): Promise<void> {
  return eachOf(scope, [{ path, eq: id }], work);
}
type Work = (id: string, state: ReservationState) => Promise<void> | undefined;

async function eachOf(scope: Scope, where: readonly Condition[], work: Work): Promise<void> {
  const referring = { where, orderBy: [{ path: 'start' }], limit: PAGE };
  for await (const page of pagesOf((from) => scope.of(reservations).list({ ...referring, ...from }))) {
    await Promise.all(page.items.map((one) => work(one.id, one.state)));
  }
}

/** All reservations of an event follow it. `moved`: its time has changed, so given windows are looked at too. */
export function followEvent(scope: Scope, eventId: string, moved: boolean): Promise<void> {
  return eachReservation(scope, 'eventId', eventId, (id) => keepInStep(scope, id, moved));
}

/** Once an item's preventive maintenance is done, its reservations may fit where they did not. */
export async function followMaintained(scope: Scope, equipmentId: string): Promise<void> {
  await eachReservation(scope, 'equipmentId', equipmentId, (id, { troubles }) =>
    troubles.includes('eventMoved') ? keepInStep(scope, id, false) : undefined,
  );
}

/** All reservations of an item bear its name. */
export async function followName(scope: Scope, equipmentId: string): Promise<void> {
  const name = (await scope.of(items).find(equipmentId))?.state.name;
  await eachReservation(scope, 'equipmentId', equipmentId, (id, { names }) =>
    name === undefined || names.equipment === name ? undefined : keepInStep(scope, id, false),
  );
}

/**
 * Reservations that are short of units, or whose item is retired, are flagged, those that are not any more no longer
 * (REQ-EQP-063). `shortages` are those of the item's stock as it is now. Harmless when done again.
 */
export async function flagShort(scope: Scope, equipmentId: string, shortages: readonly Shortage[]): Promise<void> {
  const short = new Set(shortages.flatMap(({ owner }) => (owner.type === RESERVATION ? [owner.id] : [])));
  const item = await scope.of(items).find(equipmentId);
  const retired = !item || item.state.retired !== undefined;
  const now = scope.now();
  await eachReservation(scope, 'equipmentId', equipmentId, async (id, state) => {
    if (!isOpen(state)) return;
    await scope
      .of(reservations)
      .execute(id, (reservation) => [
        ...ofRetired(reservation, retired, now),
        ...flags(reservation, 'unitsShort', !retired && short.has(id)),
      ]);
  });
}

/** What is over by now stays as it was. */
function ofRetired(state: ReservationState, retired: boolean, now: string): readonly ReservationFact[] {
  return retired && state.window.end <= now ? [] : flags(state, 'itemRetired', retired);
}

/** Who is short of an item's stock as both are now. */
type Shortages = (equipmentId: string) => Promise<readonly Shortage[]>;

/** Once somebody has given units of an item back: who was short of them and is no longer is flagged no longer. */
export function clearShort(scope: Scope, equipmentId: string, shortages: Shortages): Promise<void> {
  const flagged = [
    { path: 'equipmentId', eq: equipmentId },
    { path: 'short', eq: true },
  ];
  return eachOf(scope, flagged, (id) => lookAtShort(scope, id, shortages));
}

/**
 * Flags a reservation as short of units if it is so now, else not. Looking and committing are two moments, so every
 * change of the flag by a reaction is followed by one more look (`look-at-short`): the last one saw all there was.
 */
export async function lookAtShort(scope: Scope, id: string, shortages: Shortages): Promise<void> {
  await unlessGone(
    scope.of(reservations).execute(id, async (state) => {
      const { equipmentId } = state;
      const item = isOpen(state) ? await scope.of(items).find(equipmentId) : undefined;
      const there = item && !item.state.retired ? await shortages(equipmentId) : [];
      return flags(
        state,
        'unitsShort',
        there.some(({ owner }) => owner.type === RESERVATION && owner.id === id),
      );
    }),
  );
}

/**
 * Looks once more at what a reservation refers to, which may have changed in the very moment of its making, and does
 * what follows. What it decides on is read inside the decision, so that an older state never wins over a newer one.
 */
export async function keepInStep(scope: Scope, id: string, moved: boolean): Promise<void> {
  await placingUnits(scope, { reservationId: id }, (take) =>
    executeTaking(scope, id, async (state) => {
      const [event, item] = await Promise.all([
        scope.of(events).find(state.eventId),
        scope.of(items).find(state.equipmentId),
      ]);
      const names = renamed(state, event?.state, item?.state);
      if (!isOpen(state)) return names;
      if (!event || event.state.status === 'cancelled' || event.state.status === 'postponed') {
        return [...names, ...calledOff(state, event?.state)];
      }
      const retired = !item || item.state.retired !== undefined;
      const facts = [...names, ...flags(state, 'eventCancelled', false), ...ofRetired(state, retired, scope.now())];
      if (!isOpenEvent(event.state) || !item) return facts;
      return [...facts, ...(await following(scope, id, state, event.state, item, moved, take))];
    }),
  );
}

function renamed(
  { names }: ReservationState,
  event: EventState | undefined,
  item: ItemState | undefined,
): readonly ReservationFact[] {
  const now = { equipment: item?.name ?? names.equipment, event: event?.title ?? names.event };
  if (now.equipment === names.equipment && now.event === names.event) return [];
  return [{ type: 'EquipmentReservationNamesRefreshed', data: { names: now } }];
}

/** What has not left the warehouse is cancelled; what is out must come home first. */
function calledOff(state: ReservationState, event: EventState | undefined): readonly ReservationFact[] {
  if (isOut(state)) return flags(state, 'eventCancelled', true);
  return [cancelled(state, `The event was ${event?.status ?? 'deleted'}`)];
}

/** A window that was taken from the event goes where the event went, or is flagged where it does not fit. */
async function following(
  scope: Scope,
  reservationId: string,
  state: ReservationState,
  event: EventState,
  item: { readonly id: string; readonly state: ItemState },
  moved: boolean,
  take: TakeUnits,
): Promise<readonly ReservationFact[]> {
  const wanted = windowOf(event);
  if (state.windowGiven) {
    return moved ? flags(state, 'eventMoved', overlapOf(state.window, wanted) === undefined) : [];
  }
  const out = isOut(state);
  // What is out already cannot wait for another day: somebody must fetch it, or think again.
  if (out && overlapOf(state.window, wanted) === undefined) return flags(state, 'eventMoved', true);
  const window = followed(state, wanted);
  if (isSame(window, state.window)) return flags(state, 'eventMoved', false);
  const { quantity, eventId } = state;
  const less = givesBack(state, { quantity, window }) ? GIVING_BACK : undefined;
  // Not to be reserved for then, so it does not fit either; what is out is away whether it may or not.
  if (!less && !out && isOverdue(item.state, window.start)) return flags(state, 'eventMoved', true);
  try {
    const taken = await take({ reservationId, eventId, item, quantity, window, out }, less);
    const changes = { window: { from: state.window, to: window } };
    const facts = revised(state, { changes }, taken, scope.actor, undefined);
    return taken.over.length > 0 ? [...facts, ...flags(state, 'eventMoved', false)] : facts;
  } catch (error) {
    if (!isRefusal(error, 'conflict')) throw error;
    return flags(state, 'eventMoved', true);
  }
}
