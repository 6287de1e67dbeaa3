/** What the conflict engine knows units of equipment by. */
import * as z from 'zod';
import type { Resource } from '../claims/model.ts';
import type { ClaimRef } from '../claims/taking.ts';
import type { Fact } from '../platform/facts.ts';

/** The resource that the conflict engine knows an item by; its capacity is `unitsToTake`. */
export function equipmentResource(equipmentId: string): Resource {
  return `equipment:${equipmentId}`;
}

/** Which claim holds units. Every taking is a claim under an id of its own (ADR 0004). */
export type Placement = { readonly equipmentId: string; readonly claimId: string };

/** The claim that a placement names. */
export function refOf({ equipmentId, claimId }: Placement): ClaimRef {
  return { resource: equipmentResource(equipmentId), claimId };
}
export function refsOf(placement: Placement | undefined): readonly ClaimRef[] {
  return placement ? [refOf(placement)] : [];
}

const PlacementData = z.object({ equipmentId: z.string(), claimId: z.string() });
const Placing = z.object({ taken: PlacementData.optional(), released: PlacementData.optional() });

/** The claims on units that a fact of a reservation or of maintenance names: what it took, what it gave up. */
export function placingOf({ data }: Pick<Fact, 'data'>): z.output<typeof Placing> {
  return Placing.parse(data);
}
