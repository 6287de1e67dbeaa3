/** Commands on maintenance: load it and its item, decide, take the units, commit both as one, settle. */
import { type ItemFact, type ItemState, items, type Placement } from '../equipment/model.ts';
import { users } from '../identity/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { isRefusal, namesNone, notFound } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Write } from '../platform/store.ts';
import { type MaintenanceState, maintenance, type Outcome, windowOf } from './model.ts';
import { type Committed, demandOf, placing, type Take } from './placing.ts';
import {
  checkSchedule,
  fieldsOf,
  guardOverride,
  type MaintenanceStep,
  type Override,
  revise,
  revised,
  schedule,
  steps,
} from './rules.ts';
import { cancel, checkStart, complete, type Decision, type Running, start } from './steps.ts';
import type { MaintenanceBody, NewMaintenance } from './views.ts';

type Maintenance = Entity<MaintenanceState>;

/** Schedules work on an item and blocks its units for the time (REQ-EQP-050). Throws `conflict` with the clashes. */
export async function scheduleMaintenance(
  scope: Scope,
  equipmentId: string,
  { override, type, ...given }: NewMaintenance,
): Promise<Maintenance> {
  const { actor } = scope;
  guardOverride(actor, override);
  const id = scope.newId();
  const before = scope.retried ? await scope.of(maintenance).find(id) : undefined;
  if (before) return before;
  const { state: item } = await scope.of(items).get(equipmentId);
  await checkTechnician(scope, given.technicianId);
  const fields = { ...given, quantity: given.quantity ?? item.quantity };
  checkSchedule(fields, item, scope.now());
  return placing(scope, id, async (take) => {
    const demand = { equipmentId, type, quantity: fields.quantity, window: windowOf(fields), begun: false };
    const taken = await take(demand, item, override);
    const decide = () => schedule({ equipmentId, type }, fields, taken, actor);
    const made = await scope.of(maintenance).create(id, decide);
    return { result: made, kept: made.state.placement, released: undefined };
  });
}

/** Throws `invalid` when the user is not an active one of this organization. */
async function checkTechnician(scope: Scope, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const user = await scope.of(users).find(id);
  if (user?.state.status !== 'active') throw namesNone('body.technicianId', 'active user');
}

/**
 * Runs a decision on a maintenance and its item; both share a partition, so their facts are one batch: no start without
 * its units, no completion without the condition it left.
 */
async function execute(
  scope: Scope,
  id: string,
  decide: (state: MaintenanceState, item: ItemState | undefined) => Decision | Promise<Decision>,
  step?: MaintenanceStep,
): Promise<Committed<Maintenance>> {
  let before: Placement | undefined;
  let onItem: readonly Write[] = [];
  const attempt = async (state: MaintenanceState, { meta }: Maintenance) => {
    before = state.placement;
    onItem = [];
    // An earlier try of this very request has taken the step; its reply was lost.
    if (step && scope.retried && state.status === steps[step].to && meta.modifiedBy === scope.actor.userId) return [];
    const item = await scope.of(items).find(state.equipmentId);
    const decided = await decide(state, item?.state);
    onItem = item ? staged(scope, item, decided.item) : [];
    return decided.own;
  };
  const after = await scope.of(maintenance).execute(id, attempt, { also: () => onItem });
  const kept = after.state.placement;
  return { result: after, kept, released: before?.claimId === kept?.claimId ? undefined : before };
}

function staged(scope: Scope, item: Entity<ItemState>, facts: readonly ItemFact[]): readonly Write[] {
  return facts.length === 0 ? [] : scope.of(items).stage(item.id, facts, item).writes;
}

function present(item: ItemState | undefined): ItemState {
  if (!item) throw notFound('piece of equipment');
  return item;
}

/** Changes what PUT or PATCH name; a new time or number is taken before the old one is given back. */
export function changeMaintenance(
  scope: Scope,
  id: string,
  make: (current: MaintenanceBody) => MaintenanceBody,
): Promise<Maintenance> {
  const { actor } = scope;
  return placing(scope, id, (take) =>
    execute(scope, id, async (state, found) => {
      const { override, ...given } = make(fieldsOf(state));
      guardOverride(actor, override);
      const item = present(found);
      const all = state.status === 'scheduled' ? item.quantity : state.quantity;
      const fields = { ...given, quantity: given.quantity ?? all };
      if (fields.technicianId !== state.technicianId) await checkTechnician(scope, fields.technicianId);
      const revision = revise(state, fields, item, scope.now());
      const demand = demandOf({ ...state, ...fields, endsBy: undefined });
      const taken = revision.moves ? await take(demand, item, override, state.over) : undefined;
      return { own: revised(state, revision, taken, actor), item: [] };
    }),
  );
}

/** Takes the units off the shelf; their window follows when it is early or late (REQ-EQP-051). Throws `conflict`. */
export function startMaintenance(scope: Scope, id: string, override: Override | undefined): Promise<Maintenance> {
  const { actor } = scope;
  guardOverride(actor, override);
  const now = scope.now();
  return placing(scope, id, (take) =>
    execute(
      scope,
      id,
      async (state, found) => {
        const item = present(found);
        const units = checkStart(state, item);
        return start(state, units, await runningFrom(now, take, state, item, override), actor, now);
      },
      'start',
    ),
  );
}

/**
 * Takes the time it needs from now on. Started late where the time after its end is somebody else's, it has what is left
 * until that end; the estimate can be changed, or the work put over them.
 */
async function runningFrom(
  now: string,
  take: Take,
  state: MaintenanceState,
  item: ItemState,
  override: Override | undefined,
): Promise<Running> {
  if (state.returnedFrom) return {};
  const whole = demandOf({ ...state, startedAt: now });
  try {
    return { taken: await take(whole, item, override, state.over) };
  } catch (error) {
    const { start: from, end } = windowOf(state);
    if (!isRefusal(error, 'conflict') || now < from || now >= end) throw error;
    return { taken: await take({ ...whole, window: { start: now, end } }, item, override, state.over), endsBy: end };
  }
}

/** Puts the units back at once, with what it cost and what it left (REQ-EQP-052 to 055). */
export function completeMaintenance(scope: Scope, id: string, outcome: Outcome): Promise<Maintenance> {
  const now = scope.now();
  return placing(scope, id, () =>
    execute(scope, id, (state, item) => complete(id, state, outcome, item, now), 'complete'),
  );
}

/** Gives the units back, whether it had begun or not. */
export function cancelMaintenance(scope: Scope, id: string, reason: string | undefined): Promise<Maintenance> {
  return placing(scope, id, () => execute(scope, id, (state, item) => cancel(id, state, reason, item), 'cancel'));
}
