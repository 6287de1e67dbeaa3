/** What maintenance does by itself: inspections after returns, flags on reservations, an end when its item is gone. */
import * as z from 'zod';
import { type ItemFact, type ItemState, items } from '../equipment/model.ts';
import type { Fact } from '../platform/facts.ts';
import type { Window } from '../platform/fields.ts';
import { pagesOf } from '../platform/pages.ts';
import { isRefusal, unlessGone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { overlapOf } from '../platform/windows.ts';
import { flags, isOpen as isOpenReservation, reservations } from '../reservations/model.ts';
import { cancelMaintenance } from './commands.ts';
import { maintenance, windowOf } from './model.ts';
import { inspectionAfterReturn } from './rules.ts';

const PAGE = 50;

const Returned = z.object({
  equipmentId: z.string(),
  eventId: z.string(),
  done: z.object({ counts: z.object({ returned: z.int(), damaged: z.int() }) }),
});

/**
 * Makes an inspection of what came back and blocks the item until it is done, in one batch, in place of what the return
 * itself had noted (REQ-EQP-056). Its id follows from the fact. Nothing when nothing came back, or the item is retired.
 */
export async function inspectReturned(scope: Scope, fact: Fact): Promise<void> {
  const { equipmentId, eventId, done } = Returned.parse(fact.data);
  const { returned, damaged } = done.counts;
  const units = returned + damaged;
  const id = scope.newId();
  if (await scope.of(maintenance).find(id)) return;
  const reservationId = fact.subject;
  const made = inspectionAfterReturn(equipmentId, { reservationId, eventId, units, damaged }, fact.time);
  let due = false;
  const decide = ({ retired, inspections }: ItemState): readonly ItemFact[] => {
    due = units > 0 && !retired;
    if (due) return [{ type: 'EquipmentInspectionDue', data: { maintenanceId: id, reservationId } }];
    return inspections.includes(reservationId) ? [{ type: 'EquipmentReturnDropped', data: { reservationId } }] : [];
  };
  const also = () => (due ? scope.of(maintenance).stage(id, made).writes : []);
  await unlessGone(scope.of(items).execute(equipmentId, decide, { also }));
}

const Concerned = z.object({
  equipmentId: z.string(),
  over: z.array(z.object({ owner: z.object({ type: z.string(), id: z.string() }) })).optional(),
  cleared: z.array(z.string()).optional(),
});

/**
 * Flags the reservations that a maintenance is over now, and takes the flag from those that none is over any more.
 * Decided by how things are, not by what the fact says, so that the order of the facts does not matter.
 */
export async function flagReservations(scope: Scope, fact: Fact): Promise<void> {
  const { equipmentId, over = [], cleared = [] } = Concerned.parse(fact.data);
  const forced = over.map(({ owner }) => owner.id);
  for (const id of new Set([...forced, ...cleared])) await flagReservation(scope, equipmentId, id);
}

async function flagReservation(scope: Scope, equipmentId: string, id: string): Promise<void> {
  await unlessGone(
    scope.of(reservations).execute(id, async (state) => {
      const under = isOpenReservation(state) && (await isUnderMaintenance(scope, equipmentId, id, state.window));
      return flags(state, 'maintenance', under);
    }),
  );
}

/** Whether a maintenance that was put over the reservation still is: either may have moved since. */
async function isUnderMaintenance(
  scope: Scope,
  equipmentId: string,
  reservationId: string,
  window: Window,
): Promise<boolean> {
  for await (const { items: page } of openOf(scope, equipmentId)) {
    const over = page.some(({ state }) => state.over.includes(reservationId) && overlapOf(windowOf(state), window));
    if (over) return true;
  }
  return false;
}

function openOf(scope: Scope, equipmentId: string) {
  const where = [
    { path: 'equipmentId', eq: equipmentId },
    { path: 'open', eq: true },
  ];
  const open = { where, orderBy: [{ path: 'scheduledAt' }], limit: PAGE };
  return pagesOf((from) => scope.of(maintenance).list({ ...open, ...from }));
}

/** Calls off what was still to be done on an item that was retired or removed, and is so still. */
export async function cancelOfGone(scope: Scope, equipmentId: string): Promise<void> {
  const item = await scope.of(items).find(equipmentId);
  if (item && !item.state.retired) return;
  for await (const { items: page } of openOf(scope, equipmentId)) {
    for (const { id } of page) await unlessDone(cancelMaintenance(scope, id, 'The equipment is gone'));
  }
}

async function unlessDone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isRefusal(error, 'wrong_state')) throw error;
  }
}
