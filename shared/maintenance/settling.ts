/** Makes claims and maintenance agree for certain after whatever crashed between the two commits (ADR 0004). */
import { claimsOf } from '../claims/engine.ts';
import type { Clash } from '../claims/model.ts';
import { free, settleTaken } from '../claims/taking.ts';
import { items, type Placement, placingOf, refOf } from '../equipment/model.ts';
import type { Fact } from '../platform/facts.ts';
import type { Scope } from '../platform/scope.ts';
import { type MaintenanceFact, maintenance } from './model.ts';
import { demandOf, requestOf } from './placing.ts';
import { overridden } from './rules.ts';

/** The facts that take or give up units. */
export const placingFacts = [
  'EquipmentMaintenanceScheduled',
  'EquipmentMaintenanceUpdated',
  'EquipmentMaintenanceStarted',
  'EquipmentMaintenanceCompleted',
  'EquipmentMaintenanceCancelled',
] as const satisfies readonly MaintenanceFact['type'][];

const LAPSED = 'Its hold ran out while the system was down, after it had been scheduled';

/**
 * What a fact says was given up is freed, and what it says was taken is made firm while the maintenance still names it.
 * Claim ids are never used twice, so either may be done again at any time.
 */
export async function settleClaims(scope: Scope, fact: Fact): Promise<void> {
  const { taken, released } = placingOf(fact);
  const id = fact.subject;
  if (released) await free(scope, refOf(released));
  if (!taken) return;
  await settleTaken(scope, refOf(taken), {
    named: () => names(scope, id, taken),
    takeBack: () => takeBack(scope, id, taken),
  });
}

async function names(scope: Scope, id: string, { claimId }: Placement): Promise<boolean> {
  return (await scope.of(maintenance).find(id))?.state.placement?.claimId === claimId;
}

/** The units were promised twice: the claim goes over the other one, and a fact has the reservations flagged. */
async function takeBack(scope: Scope, id: string, placement: Placement): Promise<void> {
  const over = await claimOver(scope, id, placement);
  const after = await scope
    .of(maintenance)
    .execute(id, ({ equipmentId, placement: now }) =>
      now?.claimId === placement.claimId
        ? overridden(equipmentId, { placement, over, reason: LAPSED }, scope.actor)
        : [],
    );
  if (after.state.placement?.claimId !== placement.claimId) await free(scope, refOf(placement));
}

async function claimOver(scope: Scope, id: string, { equipmentId, claimId }: Placement): Promise<readonly Clash[]> {
  const [{ state }, item] = await Promise.all([scope.of(maintenance).get(id), scope.of(items).find(equipmentId)]);
  const { over } = await claimsOf(scope).claim({
    ...requestOf(id, demandOf(state), item?.state ?? state),
    id: claimId,
    besideOwn: true,
    mode: 'firm',
    override: { by: scope.actor.userId, reason: LAPSED },
  });
  return over;
}
