/** Taking units for maintenance: holds that the maintenance's commit decides on (ADR 0004). */
import { type Clash, clashesIn } from '../claims/model.ts';
import { type TakeClaim, taking } from '../claims/taking.ts';
import {
  equipmentResource,
  type ItemState,
  MAINTENANCE,
  type Placement,
  RESERVATION,
  refsOf,
} from '../equipment/model.ts';
import { events, reaches, reachOf } from '../events/model.ts';
import { may } from '../platform/actor.ts';
import type { Window } from '../platform/fields.ts';
import { isRefusal, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { reservations } from '../reservations/model.ts';
import { type MaintenanceState, type MaintenanceType, reservationsIn, windowOf } from './model.ts';
import type { Override, Taken } from './rules.ts';

/** So many reservations among the clashes are looked up for their titles. */
const MOST_TITLES = 25;

/** What a maintenance asks of its item. */
export interface Demand {
  readonly equipmentId: string;
  readonly type: MaintenanceType;
  readonly quantity: number;
  readonly window: Window;
  /** Off the shelf: taken until it is done, however long that takes. */
  readonly begun: boolean;
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

/** Runs a command that may take units of one item; see `taking`. */
export function placing<T>(
  scope: Scope,
  maintenanceId: string,
  work: (take: Take) => Promise<Committed<T>>,
): Promise<T> {
  return taking(scope, { maintenanceId }, async (claim) => {
    const { result, kept, released } = await work((demand, item, override, before = []) =>
      takeUnits(scope, claim, demand.equipmentId, requestOf(maintenanceId, demand, item), {
        given: override,
        before,
        active: item.active,
      }),
    );
    return { result, kept: refsOf(kept), released: refsOf(released) };
  });
}

/** What a maintenance asks as it is. */
export function demandOf(state: MaintenanceState): Demand {
  const { equipmentId, type, quantity, startedAt } = state;
  return { equipmentId, type, quantity, window: windowOf(state), begun: startedAt !== undefined };
}

/** What the engine is asked for. */
export function requestOf(maintenanceId: string, demand: Demand, item: Pick<ItemState, 'quantity'>) {
  const { equipmentId, type, quantity, window, begun } = demand;
  return {
    resource: equipmentResource(equipmentId),
    quantity,
    windows: [window],
    use: window,
    owner: { type: MAINTENANCE, id: maintenanceId },
    reason: type,
    capacity: item.quantity,
    ...(begun ? { lasting: true as const } : {}),
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

async function takeUnits(
  scope: Scope,
  take: TakeClaim,
  equipmentId: string,
  request: ReturnType<typeof requestOf>,
  { given, before, active }: Allowed,
): Promise<Taken> {
  const isKnown = ({ owner }: Clash) => owner.type === RESERVATION && before.includes(owner.id);
  const taken = async (override: Override | undefined): Promise<Taken> => {
    const by = override ? { override: { by: scope.actor.userId, reason: override.reason } } : {};
    const { claimId, over } = await take({ ...request, ...by });
    // Taken before a lost race, it is answered as it was then.
    const wasKnown = !given && active && over.length > 0 && over.every(isKnown);
    const reason = given?.reason ?? (wasKnown ? BEFORE.reason : undefined);
    return { placement: { equipmentId, claimId }, over, ...(reason === undefined ? {} : { reason }) };
  };
  try {
    return await taken(given ?? (active ? undefined : INACTIVE));
  } catch (error) {
    if (!isRefusal(error, 'conflict')) throw error;
    const clashes = clashesIn(error);
    if (clashes.every(isKnown)) return taken(BEFORE);
    throw new Refusal('conflict', 'The units are taken at that time.', { conflicts: await titled(scope, clashes) });
  }
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
