/** Taking units for maintenance: every taking is a hold of its own, which the maintenance's commit decides on (ADR 0004). */
import { claimsOf } from '../claims/engine.ts';
import type { Clash } from '../claims/model.ts';
import { equipmentResource, type ItemState, MAINTENANCE, RESERVATION } from '../equipment/model.ts';
import { events, reaches, reachOf } from '../events/model.ts';
import { may } from '../platform/actor.ts';
import { later, MINUTE } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { reservations } from '../reservations/model.ts';
import { type MaintenanceType, type Placement, reservationsIn } from './model.ts';
import type { Override, Taken } from './rules.ts';

/** How long units stay taken when a crash leaves nobody to decide. */
const HOLD = 15 * MINUTE;
/** So many reservations among the clashes are looked up for their titles. */
const MOST_TITLES = 25;

/** What a maintenance asks of its item. */
export interface Demand {
  readonly equipmentId: string;
  readonly type: MaintenanceType;
  readonly quantity: number;
  readonly window: Window;
}
/**
 * Takes the units; throws `conflict`. `before`: the reservations that it was put over before, which need no override
 * again.
 */
export type Take = (
  demand: Demand,
  item: ItemState,
  override: Override | undefined,
  before?: readonly string[],
) => Promise<Taken>;

export interface Committed<T> {
  readonly result: T;
  /** The claim that the committed maintenance names. */
  readonly kept: Placement | undefined;
  /** The claim it gave up with this. */
  readonly released: Placement | undefined;
}

/**
 * Runs a command that may take units. What it took and did not commit is given back; what it committed is made firm,
 * and what it gave up is freed. After a failure that leaves open whether the commit happened nothing is given back:
 * the hold runs out by itself, or the settling reaction makes it firm.
 */
export async function placing<T>(
  scope: Scope,
  maintenanceId: string,
  work: (take: Take) => Promise<Committed<T>>,
): Promise<T> {
  const taken = new Map<string, Taken>();
  const take: Take = async (demand, item, override, before = []) => {
    // Deciding once more, after a lost race, for the same: it is held already.
    const key = JSON.stringify([demand.window, demand.quantity]);
    const held = taken.get(key);
    if (held) return held;
    const placement = { equipmentId: demand.equipmentId, claimId: scope.newId() };
    const claimed = await claimUnits(scope, requestOf(maintenanceId, placement.claimId, demand, item), {
      given: override,
      before,
      active: item.active,
    });
    const made = { placement, ...claimed };
    taken.set(key, made);
    return made;
  };
  let committed: Committed<T>;
  try {
    committed = await work(take);
  } catch (error) {
    if (error instanceof Refusal) await giveBack(scope, maintenanceId, taken.values());
    throw error;
  }
  const { kept, released, result } = committed;
  try {
    let isTaken = false;
    for (const { placement } of taken.values()) {
      if (placement.claimId === kept?.claimId) isTaken = true;
      else await free(scope, placement);
    }
    if (released) await free(scope, released);
    if (kept && isTaken) await claimsOf(scope).firm(equipmentResource(kept.equipmentId), kept.claimId);
  } catch (error) {
    // The maintenance is committed and says which claim is its own; the settling reaction sees to the rest.
    const about = { maintenanceId, correlationId: scope.correlationId, err: error };
    scope.platform.log.warn(about, 'an equipment claim is left to the settling reaction');
  }
  return result;
}

/** What cannot be given back now runs out by itself. */
async function giveBack(scope: Scope, maintenanceId: string, taken: Iterable<Taken>): Promise<void> {
  try {
    for (const { placement } of taken) await free(scope, placement);
  } catch (error) {
    const about = { maintenanceId, correlationId: scope.correlationId, err: error };
    scope.platform.log.warn(about, 'a hold is left to run out');
  }
}

export async function free(scope: Scope, { equipmentId, claimId }: Placement): Promise<void> {
  await claimsOf(scope).release(equipmentResource(equipmentId), claimId);
}

/** What the engine is asked for. */
export function requestOf(maintenanceId: string, claimId: string, demand: Demand, item: Pick<ItemState, 'quantity'>) {
  const { equipmentId, type, quantity, window } = demand;
  return {
    id: claimId,
    resource: equipmentResource(equipmentId),
    quantity,
    windows: [window],
    use: window,
    owner: { type: MAINTENANCE, id: maintenanceId },
    reason: type,
    besideOwn: true,
    capacity: item.quantity,
  };
}

/** Nothing of an inactive item can be reserved, so its capacity is none; work on it is done all the same. */
const INACTIVE: Override = { reason: 'The equipment is inactive' };
const BEFORE: Override = { reason: 'It had been put over them before' };

interface Allowed {
  readonly given: Override | undefined;
  readonly before: readonly string[];
  readonly active: boolean;
}

async function claimUnits(
  scope: Scope,
  request: ReturnType<typeof requestOf>,
  { given, before, active }: Allowed,
): Promise<Omit<Taken, 'placement'>> {
  const claim = async (override: Override | undefined) => {
    const { over } = await claimsOf(scope).claim({
      ...request,
      mode: 'held',
      expiresAt: later(scope.now(), HOLD),
      ...(override ? { override: { by: scope.actor.userId, reason: override.reason } } : {}),
    });
    return over;
  };
  try {
    const over = await claim(given ?? (active ? undefined : INACTIVE));
    return given ? { over, reason: given.reason } : { over };
  } catch (error) {
    if (!isConflict(error)) throw error;
    const clashes = (error.extra.conflicts ?? []) as readonly Clash[];
    const known = clashes.every(({ owner }) => owner.type === RESERVATION && before.includes(owner.id));
    if (known) return { over: await claim(BEFORE), reason: BEFORE.reason };
    throw new Refusal('conflict', 'The units are taken at that time.', { conflicts: await titled(scope, clashes) });
  }
}

export function isConflict(error: unknown): error is Refusal {
  return error instanceof Refusal && error.code === 'conflict';
}

/** The clashes with the titles of events, of those that the actor may see, for who may read reservations. */
async function titled(scope: Scope, clashes: readonly Clash[]): Promise<readonly Clash[]> {
  if (!may(scope.actor, 'reservations:read')) return clashes;
  const ids = reservationsIn(clashes).slice(0, MOST_TITLES);
  const found = await Promise.all(ids.map((id) => scope.of(reservations).find(id)));
  const titles = new Map<string, string>();
  for (const one of found) {
    if (one && (await mayBeNamed(scope, one.state.eventId))) titles.set(one.id, one.state.names.event);
  }
  return clashes.map((clash) => {
    const title = clash.owner.type === RESERVATION ? titles.get(clash.owner.id) : undefined;
    return title === undefined ? clash : { ...clash, owner: { ...clash.owner, title } };
  });
}

/** Some see every event; for who does not it is looked up whether this one is theirs. */
async function mayBeNamed(scope: Scope, eventId: string): Promise<boolean> {
  if (reachOf(scope.actor).of === 'all') return true;
  const event = await scope.of(events).find(eventId);
  return event !== undefined && reaches(scope.actor, event.state);
}
