/** Taking units for reservations: every taking is a hold of its own, which the reservation's commit decides on (ADR 0004). */
import { type Clash, clashesIn } from '../claims/model.ts';
import { type Outcome, type TakeClaim, taking } from '../claims/taking.ts';
import { equipmentResource, type ItemState, MAINTENANCE, RESERVATION, unitsToTake } from '../equipment/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Window } from '../platform/fields.ts';
import { isRefusal, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { alternativesTo } from './alternatives.ts';
import { breaks } from './breaks.ts';
import { recordClash, titled } from './clashes.ts';
import type { Override, Taken } from './rules.ts';

/** What units are taken for. */
export interface Wanted {
  readonly reservationId: string;
  readonly eventId: string;
  readonly item: Pick<Entity<ItemState>, 'id' | 'state'>;
  readonly quantity: number;
  readonly window: Window;
  /** Out of the warehouse: taken until they are back, however late. */
  readonly out?: boolean;
}

/** Nothing new is taken, so whoever else is there does not count. */
export const GIVING_BACK: Override = { reason: 'Fewer units, or less time, than it had' };

/** Holds the units; throws `conflict` with bare clashes. */
export type TakeUnits = (wanted: Wanted, override?: Override) => Promise<Taken>;

/**
 * Runs a command that may take units, as `taking` says. A refused one answers, once all is given back, with the clashes
 * and with other items for the job (REQ-EQP-030), and leaves facts of the double booking that was prevented.
 */
export async function placingUnits<T>(
  scope: Scope,
  about: Readonly<Record<string, string>>,
  work: (take: TakeUnits) => Promise<Outcome<T>>,
): Promise<T> {
  let refused: Wanted | undefined;
  const overridden = new Map<string, { readonly wanted: Wanted; readonly over: readonly Clash[] }>();
  try {
    const result = await taking(scope, about, (claim) =>
      work(async (wanted, override) => {
        refused = wanted;
        const taken = await takeUnits(scope, claim, wanted, override);
        refused = undefined;
        const { placement, over } = taken;
        if (over.length > 0 && override !== GIVING_BACK) overridden.set(placement.claimId, { wanted, over });
        return taken;
      }),
    );
    await Promise.all([...overridden.values()].map(({ wanted, over }) => recordClash(scope, wanted, over, false)));
    return result;
  } catch (error) {
    if (!isRefusal(error, 'conflict') || !refused) throw error;
    throw await refusalOf(scope, refused, clashesIn(error));
  }
}

async function takeUnits(
  scope: Scope,
  claim: TakeClaim,
  { reservationId, item, quantity, window, out }: Wanted,
  override: Override | undefined,
): Promise<Taken> {
  const { claimId, over } = await claim({
    resource: equipmentResource(item.id),
    quantity,
    windows: [window],
    use: window,
    owner: { type: RESERVATION, id: reservationId },
    capacity: unitsToTake(item.state),
    ...(out ? { lasting: true } : {}),
    ...(override ? { override: { by: scope.actor.userId, reason: override.reason } } : {}),
  });
  return { placement: { equipmentId: item.id, claimId }, over };
}

async function refusalOf(scope: Scope, wanted: Wanted, clashes: readonly Clash[]): Promise<Refusal> {
  const { item, quantity, window } = wanted;
  const equipmentId = item.id;
  if (clashes.every(({ owner }) => owner.type === MAINTENANCE)) {
    return breaks('item-in-maintenance', `${item.state.name} is in maintenance then.`, {
      equipmentId,
      conflicts: clashes,
    });
  }
  const [conflicts, alternatives] = await Promise.all([
    titled(scope, clashes),
    alternativesTo(scope, item, quantity, window),
    recordClash(scope, wanted, clashes, true),
  ]);
  const detail = clashes.every(({ owner }) => owner.type === 'capacity')
    ? `There are only ${item.state.quantity} of ${item.state.name}.`
    : `${item.state.name} is taken at that time.`;
  return new Refusal('conflict', detail, { equipmentId, conflicts, alternatives });
}
