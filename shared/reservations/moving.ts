/** Taking the steps of logistics: the reservation, its item's books and its claim (REQ-EQP-040 to 048). */
import { claimsOf } from '../claims/engine.ts';
import { free } from '../claims/taking.ts';
import { items, type Placement, refOf } from '../equipment/model.ts';
import { events } from '../events/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { isRefusal, Refusal, unlessGone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { breaks } from './breaks.ts';
import { putBack, type StepDetails, setApart, takeStep } from './logistics.ts';
import { type LogisticsStep, type ReservationState, reservations, stepOf } from './model.ts';
import { keepOn } from './settling.ts';

/**
 * Takes a step; what came back is given up at once, for jobs after its inspection. Throws as `takeStep` does.
 */
export async function moveOn(
  scope: Scope,
  id: string,
  step: LogisticsStep,
  details: StepDetails,
): Promise<Entity<ReservationState>> {
  let placement: Placement | undefined;
  let apart: string | undefined;
  const after = await scope
    .of(reservations)
    .execute(id, async (state, { meta }) => {
      placement = undefined;
      // An earlier try of this very request has taken the step; its reply was lost.
      if (scope.retried && stepOf(state) === step && meta.modifiedBy === scope.actor.userId) return [];
      const event = await scope.of(events).find(state.eventId);
      const facts = takeStep(state, step, details, { event: event?.state, actor: scope.actor, now: scope.now() });
      if (step === 'packed' && (await takeOffShelf(scope, id, state))) apart = state.equipmentId;
      // Before anybody can have what came back: nothing is promised until it is inspected.
      if (step === 'returned' && cameBack(details)) await noteReturn(scope, id, state.equipmentId);
      // Before they leave: from the end of the window on nobody else may be promised them.
      if (step === 'dispatched' && state.placement) await keepOn(scope, state.placement);
      placement = state.placement;
      return facts;
    })
    .catch(async (error: unknown) => {
      // Only a refusal says for certain that it was not packed.
      if (error instanceof Refusal && apart !== undefined) await backOnShelf(scope, id, apart);
      throw error;
    });
  if (step === 'returned' && placement) await giveBack(scope, id, placement, details.counts?.missing ?? 0);
  return after;
}

/**
 * Sets the units apart in the item's own books before the reservation says that they are packed: the two are in different
 * partitions, and what is on the shelf is decided in one place. A crash in between leaves them set apart for it, until it
 * is packed or cancelled. Whether this call did it.
 */
async function takeOffShelf(scope: Scope, id: string, state: ReservationState): Promise<boolean> {
  let moved = false;
  try {
    await scope.of(items).execute(state.equipmentId, (item) => {
      const facts = setApart(id, state, item);
      moved = facts.length > 0;
      return facts;
    });
    return moved;
  } catch (error) {
    if (!isRefusal(error, 'not_found')) throw error;
    throw breaks('units-on-shelf', 'The item is not there any more.', { onShelf: 0 });
  }
}

function cameBack({ counts }: StepDetails): boolean {
  return counts !== undefined && counts.returned + counts.damaged > 0;
}

/**
 * Has the item wait for the inspection of what is being counted in; the reaction that makes it takes the note's place
 * (REQ-EQP-056). The note stays when the return is refused after all, by `If-Match` perhaps: the units are there, and the
 * next try finds it.
 */
async function noteReturn(scope: Scope, reservationId: string, equipmentId: string): Promise<void> {
  await unlessGone(
    scope
      .of(items)
      .execute(equipmentId, ({ retired, inspections }) =>
        retired || inspections.includes(reservationId)
          ? []
          : [{ type: 'EquipmentReturnNoted', data: { reservationId } }],
      ),
  );
}

async function backOnShelf(scope: Scope, id: string, equipmentId: string): Promise<void> {
  await scope.of(items).execute(equipmentId, async (item) => {
    const { state } = await scope.of(reservations).get(id);
    return putBack(id, state, item);
  });
}

/**
 * Frees what came back. Missing units stay taken until they have left stock (`track-units`), so that nobody is promised
 * what is not there.
 */
async function giveBack(scope: Scope, reservationId: string, placement: Placement, missing: number): Promise<void> {
  const ref = refOf(placement);
  try {
    if (missing === 0) return await free(scope, ref);
    const claim = await claimsOf(scope).get(ref.resource, ref.claimId);
    if (claim?.state !== 'active') return;
    const { windows, use } = claim;
    await claimsOf(scope).move(ref.resource, ref.claimId, { windows, use, quantity: missing });
  } catch (error) {
    // The step is taken; reactions see to the claim.
    const about = { reservationId, correlationId: scope.correlationId, err: error };
    scope.platform.log.warn(about, 'a claim is left to the settling reaction');
  }
}
