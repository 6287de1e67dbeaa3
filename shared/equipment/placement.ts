/** What the conflict engine knows units of equipment by. */
import type { Resource } from '../claims/model.ts';
import type { ClaimRef } from '../claims/taking.ts';

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
