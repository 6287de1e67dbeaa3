/** Taking the steps of logistics, and reading how far a reservation is (REQ-EQP-040 to 048). */

import { z } from 'zod';
import { claimsOf } from '../claims/engine.ts';
import { free } from '../claims/taking.ts';
import { items } from '../equipment/model.ts';
import { events } from '../events/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { Id } from '../platform/fields.ts';
import { anyOf, type ListInput, type Listing, own, toQuery } from '../platform/listing.ts';
import type { EntityPage } from '../platform/repository.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import { type StepDetails, takeStep } from './logistics.ts';
import { type LogisticsStep, type Placement, type ReservationState, reservations, stepOf } from './model.ts';
import { refOf } from './placing.ts';

/** Takes a step; what came back is free for the next job at once. Throws as `takeStep` does. */
export async function moveOn(
  scope: Scope,
  id: string,
  step: LogisticsStep,
  details: StepDetails,
): Promise<Entity<ReservationState>> {
  let placement: Placement | undefined;
  const after = await scope.of(reservations).execute(id, async (state, { meta }) => {
    placement = undefined;
    // An earlier try of this very request has taken the step; its reply was lost.
    if (scope.retried && stepOf(state) === step && meta.modifiedBy === scope.actor.userId) return [];
    const [item, event] = await Promise.all([
      step === 'packed' ? scope.of(items).find(state.equipmentId) : undefined,
      scope.of(events).find(state.eventId),
    ]);
    const context = { item: item?.state, event: event?.state, actor: scope.actor, now: scope.now() };
    const facts = takeStep(state, step, details, context);
    placement = state.placement;
    return facts;
  });
  if (step === 'returned' && placement) await giveBack(scope, id, placement, details.counts?.missing ?? 0);
  return after;
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

export const outListing: Listing = {
  filters: {
    eventId: anyOf('eventId', Id),
    equipmentId: anyOf('equipmentId', Id),
    late: own(
      z
        .enum(['true', 'false'])
        .transform((text) => text === 'true')
        .optional()
        .meta({ override: { type: 'boolean' }, description: 'Past the end of its window, or not' }),
    ),
  },
  sorts: { start: 'start' },
  defaultSort: 'start',
  search: false,
};

/** What left the warehouse and is not yet back. */
export function listOut(scope: Scope, input: ListInput): Promise<EntityPage<ReservationState>> {
  const always: Condition[] = [{ path: 'out', eq: true }];
  const now = scope.now();
  if (input.late === true) always.push({ path: 'end', lt: now });
  if (input.late === false) always.push({ path: 'end', gte: now });
  return scope.of(reservations).list(toQuery(outListing, input, always));
}
