/** Clashes as they are told and remembered: with the titles a reader may see, and as facts of the item. */
import type { Clash } from '../claims/model.ts';
import { RESERVATION } from '../equipment/model.ts';
import { envelope } from '../platform/envelope.ts';
import { factDocument } from '../platform/facts.ts';
import type { Window } from '../platform/fields.ts';
import type { Scope } from '../platform/scope.ts';
import { type ClashFact, reservations } from './model.ts';
import { titlesOf } from './titles.ts';

/** So many owners of clashes are looked up for their titles. */
const MOST_TITLES = 25;
/** A fact tells of so many; the owners of a very bulky item's claims can be hundreds. */
const MOST_REMEMBERED = 50;

/** The clashes with the titles of those events that the actor may read. */
export async function titled(scope: Scope, clashes: readonly Clash[]): Promise<readonly Clash[]> {
  const ids = new Set(clashes.flatMap(({ owner }) => (owner.type === RESERVATION ? [owner.id] : [])));
  const asked = [...ids].slice(0, MOST_TITLES);
  const found = await Promise.all(asked.map((id) => scope.of(reservations).find(id)));
  const titles = await titlesOf(
    scope,
    found.flatMap((reservation) => reservation?.state.eventId ?? []),
  );
  const ofOwner = new Map(found.map((reservation) => [reservation?.id, titles.get(reservation?.state.eventId ?? '')]));
  return clashes.map((clash) => {
    const title = ofOwner.get(clash.owner.id);
    return title === undefined ? clash : { ...clash, owner: { ...clash.owner, title } };
  });
}

interface Wanted {
  readonly eventId: string;
  readonly item: { readonly id: string };
  readonly quantity: number;
  readonly window: Window;
}

/**
 * Leaves facts of a clash on the item, though nothing changes. They are new documents in a batch of their own, so those
 * who lose a race do not wait for each other; one that cannot be written is logged and stops nobody.
 */
export async function recordClash(
  scope: Scope,
  { eventId, item, quantity, window }: Wanted,
  clashes: readonly Clash[],
  prevented: boolean,
): Promise<void> {
  const over = clashes.slice(0, MOST_REMEMBERED);
  const data = { equipmentId: item.id, eventId, quantity, window, over };
  const detected: ClashFact = { type: 'EquipmentDoubleBookingDetected', data };
  const facts = prevented ? [detected, { ...detected, type: 'EquipmentDoubleBookingPrevented' } as const] : [detected];
  try {
    await scope
      .documents('reservations')
      .commit(facts.map((fact) => ({ op: 'create', document: factDocument(envelope(scope, 'item', item.id, fact)) })));
  } catch (error) {
    const about = { equipmentId: item.id, correlationId: scope.correlationId, err: error };
    scope.platform.log.error(about, 'a double booking could not be recorded');
  }
}
