/** What becomes of reservations when an item has fewer units, or none any more (REQ-EQP-063). */
import { claimsOf } from '../claims/engine.ts';
import { equipmentResource, items, RESERVATION } from '../equipment/model.ts';
import type { Scope } from '../platform/scope.ts';
import { capacityOf } from './checks.ts';
import { flags } from './commands.ts';
import { eachReservation } from './following.ts';
import { reservations } from './model.ts';
import { isOpen } from './rules.ts';

/**
 * The conflict engine's capacity becomes what the item has now; reservations that are short of units, or whose item is
 * retired, are flagged, those that are not any more no longer. Harmless when done again.
 */
export async function settleUnits(scope: Scope, equipmentId: string): Promise<void> {
  const short = await scope.platform.queue.run(`units/${scope.orgId}/${equipmentId}`, () =>
    settled(scope, equipmentId),
  );
  const item = await scope.of(items).find(equipmentId);
  const retired = !item || item.state.retired !== undefined;
  const now = scope.now();
  await eachReservation(scope, 'equipmentId', equipmentId, async (id, state) => {
    if (!isOpen(state)) return;
    await scope
      .of(reservations)
      .execute(id, (reservation) => [
        ...(retired && reservation.window.end > now ? flags(reservation, 'itemRetired', true) : []),
        ...flags(reservation, 'unitsShort', !retired && short.has(id)),
      ]);
  });
}

/** Sets the capacity until it is the one of the item as it is; another process may change the item meanwhile. */
async function settled(scope: Scope, equipmentId: string): Promise<ReadonlySet<string>> {
  const look = async () => capacityOf((await scope.of(items).find(equipmentId))?.state);
  let capacity = await look();
  for (;;) {
    const shortages = await claimsOf(scope).setCapacity(equipmentResource(equipmentId), capacity);
    const now = await look();
    if (now === capacity) {
      return new Set(shortages.flatMap(({ owner }) => (owner.type === RESERVATION ? [owner.id] : [])));
    }
    capacity = now;
  }
}
