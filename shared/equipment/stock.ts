/** The conflict engine follows the stock: how many units of an item there are to take, and taking some away. */
import { claimsOf } from '../claims/engine.ts';
import { type Claim, MOST_DAYS, type Shortage } from '../claims/model.ts';
import { DAY, later, MINUTE } from '../platform/clock.ts';
import type { Scope } from '../platform/scope.ts';
import type { Query } from '../platform/store.ts';
import { levelsOf, overlapOf, stretchesAbove } from '../platform/windows.ts';
import { reservations } from '../reservations/model.ts';
import { breaks } from './breaks.ts';
import { equipmentResource, type ItemState, items, MAINTENANCE, RESERVATION, unitsToTake } from './model.ts';
import type { Reserved } from './rules.ts';
import * as rules from './rules.ts';

/** As far ahead as one claim reaches. */
const AHEAD = MOST_DAYS * DAY;
/** A refusal lists at most so many. */
const MOST_LISTED = 100;
/** Owner type of the holds that keep others out while stock is taken away. */
const CLOSING = 'closing';

/**
 * Makes the conflict engine's capacity what the item says now: its units, none while it is inactive, retired or gone.
 * Harmless when done again; when another process has changed the item meanwhile, it is done again here. Answers with the
 * claims that are short of units from now on; what is withheld for a moment makes nobody short.
 */
export function settleCapacity(scope: Scope, itemId: string): Promise<readonly Shortage[]> {
  return scope.platform.queue.run(`equipment-capacity/${scope.orgId}/${itemId}`, async () => {
    const look = async () => unitsToTake((await scope.of(items).find(itemId))?.state);
    let seen = await look();
    for (;;) {
      const shortages = await claimsOf(scope).setCapacity(equipmentResource(itemId), seen, CLOSING);
      const now = await look();
      if (now === seen) return shortages;
      seen = now;
    }
  });
}

/**
 * Claims units for a moment, over whatever is reserved: a reservation being made just then has claimed before, and is
 * seen by who looks now, or is refused by the engine. A crash leaves a hold that runs out within a minute (ADR 0009).
 */
async function withheld(scope: Scope, itemId: string, quantity: number, capacity: number) {
  const now = scope.now();
  const window = { start: now, end: later(now, AHEAD) };
  const claims = claimsOf(scope);
  const resource = equipmentResource(itemId);
  const { claim, over } = await claims.claim({
    id: scope.newId(),
    resource,
    quantity,
    windows: [window],
    use: window,
    owner: { type: CLOSING, id: itemId },
    mode: 'held',
    expiresAt: later(now, MINUTE),
    capacity,
    override: { by: scope.actor.userId, reason: 'Units are being taken out of stock' },
  });
  return { over, release: () => claims.release(resource, claim.id) };
}

async function found(scope: Scope, query: Pick<Query, 'where' | 'orderBy'>): Promise<Reserved[]> {
  const page = await scope.of(reservations).list({ ...query, limit: MOST_LISTED });
  return page.items.map(({ id, state: { eventId, quantity, window } }) => ({ id, eventId, quantity, window }));
}

/** Reservations that take units, now or later, by start; the first hundred. */
function active(scope: Scope, itemId: string): Promise<Reserved[]> {
  const where = [
    { path: 'equipmentId', eq: itemId },
    { path: 'open', eq: true },
  ];
  return found(scope, { where, orderBy: [{ path: 'start' }] });
}

/**
 * Commits something that must not be while reservations are active. For that moment the whole stock is withheld. Throws
 * `rule_broken` with the reservations, those being made included.
 */
export async function closing<T>(scope: Scope, itemId: string, item: ItemState, commit: () => Promise<T>): Promise<T> {
  // The common refusal, before anything is touched.
  rules.refuseWhileReserved(await active(scope, itemId));
  const { over, release } = await withheld(scope, itemId, Math.max(1, item.quantity), unitsToTake(item));
  try {
    const reserved = new Map((await active(scope, itemId)).map((reservation) => [reservation.id, reservation]));
    for (const { owner, window } of over) {
      if (owner.type === RESERVATION && !reserved.has(owner.id)) reserved.set(owner.id, { id: owner.id, window });
    }
    rules.refuseWhileReserved([...reserved.values()]);
    const done = await commit();
    await settleCapacity(scope, itemId);
    return done;
  } finally {
    await release();
  }
}

/** Takes units away for a moment, until the item says so itself; to be let go in any case. */
export interface Cut {
  /**
   * Before the commit: sees that the most units in use at once fit into what is left. Throws `rule_broken` with the
   * reservations and the maintenance that do not.
   */
  guard(item: ItemState, left: number): Promise<void>;
  letGo(): Promise<void>;
}

export function cutOf(scope: Scope, itemId: string): Cut {
  const releases: (() => Promise<void>)[] = [];
  return {
    async guard(item, left) {
      const units = unitsToTake(item);
      if (units <= left) return;
      // From a capacity that is behind the item the wrong number would be withheld.
      await settleCapacity(scope, itemId);
      const { release } = await withheld(scope, itemId, units - left, units);
      releases.push(release);
      const claims = await claimsOf(scope).upcoming(equipmentResource(itemId));
      await refuseAbove(scope, claims, left);
    },
    async letGo() {
      for (const release of releases.splice(0)) await release();
    },
  };
}

/** Of the reservations and the maintenance that have units, those in use where all together are too many. */
async function refuseAbove(scope: Scope, claims: readonly Claim[], left: number): Promise<void> {
  const others = claims.filter(({ owner }) => owner.type !== CLOSING);
  const uses = others.flatMap(({ windows, quantity }) => windows.map((window) => ({ window, quantity })));
  const stretches = stretchesAbove(levelsOf(uses), left);
  if (stretches.length === 0) return;
  const inTheWay = others.flatMap(({ owner, windows }) => {
    const window = windows.find((one) => stretches.some((stretch) => overlapOf(one, stretch)));
    return window ? [{ owner, window }] : [];
  });
  const of = (type: string): Reserved[] =>
    inTheWay
      .filter(({ owner }) => owner.type === type)
      .slice(0, MOST_LISTED)
      .map(({ owner: { id }, window }) => ({ id, window }));
  const reserved = of(RESERVATION);
  const known = await found(scope, { where: [{ path: 'id', in: reserved.map(({ id }) => id) }] });
  const byId = new Map(known.map((reservation) => [reservation.id, reservation]));
  throw breaks('quantity-below-reserved', 'More units than that are in use at once.', {
    reservations: reserved.map((one) => byId.get(one.id) ?? one),
    maintenance: of(MAINTENANCE),
  });
}
