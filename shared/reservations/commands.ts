/** Commands on reservations: load, decide, take the units, commit, settle (REQ-EQP-020 to 024, 031, REQ-EVT-023). */
import type { Outcome } from '../claims/taking.ts';
import { items, refsOf } from '../equipment/model.ts';
import { type EventState, events } from '../events/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Window } from '../platform/fields.ts';
import type { Revise } from '../platform/merge-patch.ts';
import type { Scope } from '../platform/scope.ts';
import { CommitRefused, type Write } from '../platform/store.ts';
import { checkEvent, checkReservable, checkWindow } from './checks.ts';
import { checkHeld, itemsOf, type Order, type Ordered } from './context.ts';
import { isOut, type ReservationFact, type ReservationState, reservations } from './model.ts';
import { GIVING_BACK, placingUnits, type TakeUnits } from './placing.ts';
import {
  cancel,
  confirm,
  fieldsOf,
  guardEvent,
  guardLate,
  guardOpen,
  guardOverride,
  type Override,
  override as overridden,
  type ReservationFields,
  request,
  revise,
  revised,
  takesOff,
  toOverride,
  windowOf,
} from './rules.ts';

type Reservation = Entity<ReservationState>;

interface Reserving {
  readonly ordered: readonly Ordered[];
  /** The event's, with set-up and tear-down, unless given. */
  readonly window?: Window | undefined;
  readonly notes?: string | undefined;
  readonly override?: Override | undefined;
}

/**
 * Reserves all of an order for an event, or nothing. Items are held one after another in the order of their resources, so
 * that of two orders that want the same ones the first comes through; all reservations are one commit.
 */
export async function reserve(
  scope: Scope,
  event: Entity<EventState>,
  { ordered, override, ...given }: Reserving,
): Promise<readonly Reservation[]> {
  guardEvent(scope.actor, event.state);
  guardOverride(scope.actor, override);
  const ids = ordered.map(() => scope.newId());
  const before = scope.retried ? await madeBefore(scope, ids) : undefined;
  if (before) return before;
  const orders = await itemsOf(scope, ordered);
  const window = given.window ?? windowOf(event.state);
  checkEvent(event.state);
  checkWindow(window, scope.now());
  for (const { item } of orders) checkReservable(item.state, window.start);
  const asked = orders.map((order, at) => ({ id: ids[at] ?? '', ...order }));
  return placingUnits(scope, { eventId: event.id }, async (take) => {
    const staged = [];
    for (const one of asked.toSorted(byResource)) {
      staged.push(await stageOne(scope, take, one, event, { override, ...given }, window));
    }
    const equipmentIds = orders.map(({ equipmentId }) => equipmentId);
    await checkHeld(scope, equipmentIds, window);
    const result = await commitAll(scope, staged, ids);
    return { result, kept: result.flatMap(({ state }) => refsOf(state.placement)), released: [] };
  });
}

function byResource(a: Order, b: Order): number {
  return a.equipmentId < b.equipmentId ? -1 : 1;
}

type Staged = ReturnType<ReturnType<typeof ofReservations>['stage']>;
const ofReservations = (scope: Scope) => scope.of(reservations);

async function stageOne(
  scope: Scope,
  take: TakeUnits,
  { id, item, quantity }: Order & { readonly id: string },
  event: Entity<EventState>,
  { override, ...given }: Omit<Reserving, 'ordered'>,
  window: Window,
): Promise<Staged> {
  const wanted = { reservationId: id, eventId: event.id, item, quantity, window };
  const taken = await take(wanted, override);
  const facts = request({ ...given, quantity }, scope.actor, {
    orgId: scope.orgId,
    equipmentId: item.id,
    eventId: event.id,
    names: { equipment: item.state.name, event: event.state.title },
    window,
    taken,
    override,
  });
  return ofReservations(scope).stage(id, facts);
}

/** One batch: at most 30 items of three documents each. In the order of `ids`. */
async function commitAll(
  scope: Scope,
  staged: readonly Staged[],
  ids: readonly string[],
): Promise<readonly Reservation[]> {
  const writes: Write[] = staged.flatMap((one) => one.writes);
  try {
    const etags = await scope.documents(reservations.container).commit(writes);
    const made = new Map<string, Reservation>();
    let at = 0;
    for (const { entity, writes: own } of staged) {
      made.set(entity.id, { ...entity, etag: etags[at] ?? '' });
      at += own.length;
    }
    return ids.flatMap((id) => made.get(id) ?? []);
  } catch (error) {
    // A try of this very request that was slower than its lease has made them meanwhile.
    const made = error instanceof CommitRefused && scope.retried ? await madeBefore(scope, ids) : undefined;
    if (!made) throw error;
    return made;
  }
}

/** What an earlier try of this very request has made: all, for it was one batch, or nothing. */
async function madeBefore(scope: Scope, ids: readonly string[]): Promise<readonly Reservation[] | undefined> {
  const found = await Promise.all(ids.map((id) => scope.of(reservations).find(id)));
  const made = found.filter((one) => one !== undefined);
  return made.length > 0 ? made : undefined;
}

/** Runs a decision that may take units for a reservation that is there; `done` says that this very request was decided. */
export async function executeTaking(
  scope: Scope,
  id: string,
  decide: (state: ReservationState) => readonly ReservationFact[] | Promise<readonly ReservationFact[]>,
  done: (state: ReservationState) => boolean = () => false,
): Promise<Outcome<Reservation>> {
  let before: ReservationState['placement'];
  const after = await scope.of(reservations).execute(id, (state, { meta }) => {
    before = state.placement;
    const decided = scope.retried && meta.modifiedBy === scope.actor.userId && done(state);
    return decided ? [] : decide(state);
  });
  const { placement } = after.state;
  const released = before?.claimId === placement?.claimId ? [] : refsOf(before);
  return { result: after, kept: refsOf(placement), released };
}

/**
 * What PUT or PATCH name; other units are taken before the old ones are given back (REQ-EQP-022). Fewer units, or a time
 * when the event is not, are a cancellation.
 */
export function changeReservation(
  scope: Scope,
  id: string,
  make: Revise<ReservationFields & { readonly override?: Override | undefined }>,
): Promise<Reservation> {
  const { actor } = scope;
  return placingUnits(scope, { reservationId: id }, (take) =>
    executeTaking(scope, id, async (state) => {
      guardOpen(state, 'change');
      const { override, ...fields } = make(fieldsOf(state));
      guardOverride(actor, override);
      const event = await scope.of(events).find(state.eventId);
      const revision = revise(state, fields, event?.state);
      if (takesOff(state, revision, event?.state)) guardLate(event?.state, actor, scope.now());
      if (!revision.takes) return revised(state, revision, undefined, actor, override);
      const item = await scope.of(items).get(state.equipmentId);
      const { quantity, window } = revision;
      if (!revision.givesBack) checkWindow(window, scope.now());
      // What is out already stays away for longer whether it may or not: it must not be promised to others meanwhile.
      const anew = !revision.givesBack && !isOut(state);
      if (anew) {
        checkEvent(event?.state);
        checkReservable(item.state, window.start);
      }
      const wanted = { reservationId: id, eventId: state.eventId, item, quantity, window, out: isOut(state) };
      const taken = await take(wanted, revision.givesBack ? GIVING_BACK : override);
      if (anew) await checkHeld(scope, [item.id], window);
      return revised(state, revision, taken, actor, revision.givesBack ? undefined : override);
    }),
  );
}

/** Gives the units back; late ones need a manager (REQ-EQP-024). */
export async function cancelReservation(scope: Scope, id: string, reason: string): Promise<void> {
  await placingUnits(scope, { reservationId: id }, () =>
    executeTaking(
      scope,
      id,
      async (state) => {
        const event = await scope.of(events).find(state.eventId);
        return cancel(state, event?.state, scope.actor, scope.now(), reason);
      },
      ({ status }) => status === 'cancelled',
    ),
  );
}

/** requested → confirmed (REQ-EQP-023). */
export async function confirmReservation(scope: Scope, id: string): Promise<Reservation> {
  const { result } = await executeTaking(scope, id, confirm, ({ status }) => status === 'confirmed');
  return result;
}

/** Takes the units over whatever they clash with, and confirms it (REQ-EQP-031). */
export function overrideReservation(scope: Scope, id: string, reason: string): Promise<Reservation> {
  const { actor } = scope;
  return placingUnits(scope, { reservationId: id }, (take) =>
    executeTaking(
      scope,
      id,
      async (state) => {
        const [event, item] = await Promise.all([
          scope.of(events).find(state.eventId),
          scope.of(items).find(state.equipmentId),
        ]);
        const window = toOverride(state, item?.state, event?.state);
        if (!item) return [];
        const { eventId, quantity } = state;
        const wanted = { reservationId: id, eventId, item, quantity, window, out: isOut(state) };
        const taken = await take(wanted, { reason });
        return overridden(state, window, taken, actor, reason);
      },
      ({ status, troubles }) => status === 'confirmed' && troubles.length === 0,
    ),
  );
}
