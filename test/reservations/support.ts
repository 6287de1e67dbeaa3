/** What the tests of reservations share: the world of events, with items in the warehouse. */
import { knownOf } from '../../shared/claims/stored.ts';
import { type ItemFact, type ItemFields, type ItemState, items } from '../../shared/equipment/model.ts';
import type { Entity } from '../../shared/platform/aggregate.ts';
import type { Window } from '../../shared/platform/fields.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { reservations } from '../../shared/reservations/model.ts';
import { type Stage, stage } from '../events/support.ts';
import type { Person } from '../support/callers.ts';
import { happened, storedItem } from '../support/items.ts';

export { closeStages } from '../events/support.ts';

export interface Warehouse extends Stage {
  readonly manager: Person;
  item(more?: Partial<ItemFields>): Promise<string>;
  /** Facts of another part of the trade, as it would commit them. */
  happens(itemId: string, ...facts: readonly ItemFact[]): Promise<Entity<ItemState>>;
  stateOf(itemId: string): Promise<ItemState>;
  /** The inspections that returns have asked for are done. */
  inspected(itemId: string): Promise<void>;
  /** An event that has taken these steps. */
  event(more?: Parameters<Stage['booking']>[0], ...steps: readonly string[]): Promise<string>;
  /** A reservation of an item for an event, made by the manager. */
  reserved(equipmentId: string, eventId: string, more?: object): Promise<string>;
  /** A confirmed reservation of a confirmed event. */
  confirmed(quantity?: number, equipmentId?: string, eventId?: string): Promise<string>;
  /** A step of a reservation's units, taken by the manager. */
  step(id: string, name: string, body?: object): ReturnType<Person['post']>;
}

export async function warehouse(at?: string): Promise<Warehouse> {
  const world = await stage(at);
  const manager = world.as('manager');
  const { scope } = world;
  const made: Warehouse = {
    ...world,
    manager,
    item: (more) => storedItem(scope, more),
    happens: (itemId, ...facts) => happened(scope, itemId, ...facts),
    stateOf: async (itemId) => (await scope.of(items).get(itemId)).state,
    inspected: async (itemId) => {
      await scope
        .of(items)
        .execute(itemId, ({ inspections }) =>
          inspections.map((maintenanceId) => ({ type: 'EquipmentInspectionDone', data: { maintenanceId } })),
        );
    },
    async event(more = {}, ...steps) {
      const { body } = await manager.post('events', await world.booking(more));
      for (const step of steps) {
        const answer = await manager.post(
          `events/${body.id}/${step}`,
          step === 'cancel' || step === 'postpone' ? { reason: 'So' } : {},
        );
        if (answer.status !== 200) throw new Error(`${step}: ${answer.text}`);
      }
      return body.id;
    },
    async reserved(equipmentId, eventId, more = {}) {
      const answer = await manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1, ...more });
      if (answer.status !== 201) throw new Error(answer.text);
      return answer.body.id;
    },
    async confirmed(quantity = 1, equipmentId, eventId) {
      const event = eventId ?? (await made.event({}, 'approve', 'confirm'));
      const id = await made.reserved(equipmentId ?? (await made.item()), event, { quantity });
      await manager.post(`equipment/reservations/${id}/confirm`);
      return id;
    },
    step: (id, name, body = {}) => manager.post(`equipment/logistics/${id}/${name}`, body),
  };
  return made;
}

/** The way out and back, step by step, with what each takes. */
export const way: readonly (readonly [step: string, body: object])[] = [
  ['pack', {}],
  ['load', { vehicle: 'Van 3' }],
  ['dispatch', { driver: 'Dee' }],
  ['deliver', {}],
  ['setup-complete', {}],
  ['pickup', {}],
];

/** Takes the steps up to one, and that one too. */
export async function goTo(client: Person, id: string, last: string): Promise<void> {
  for (const [step, body] of way) {
    const answer = await client.post(`equipment/logistics/${id}/${step}`, body);
    if (answer.status !== 200) throw new Error(`${step}: ${answer.text}`);
    if (step === last) return;
  }
}

/** Active claims of the organization on equipment, expired holds left out. */
export async function claimsOnEquipment(scope: Scope) {
  const found = [];
  let cursor: string | undefined;
  do {
    const page = await scope.documents('claims').query({
      kind: 'claim',
      where: [{ path: 'state', eq: 'active' }],
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.items.map((stored) => knownOf(stored).claim));
    cursor = page.cursor;
  } while (cursor !== undefined);
  const now = scope.now();
  return found.filter(
    ({ resource, mode, expiresAt = '' }) => resource.startsWith('equipment:') && (mode === 'firm' || expiresAt > now),
  );
}

/** What disagrees once all has settled: an open reservation has exactly its one firm claim, any other none. */
export async function disagreements(scope: Scope): Promise<string[]> {
  const claims = await claimsOnEquipment(scope);
  const page = await scope.of(reservations).list({ where: [], orderBy: [{ path: 'start' }], limit: 1000 });
  const wrong: string[] = [];
  const shown = (window: Window, rest: object) => JSON.stringify({ ...window, ...rest });
  const known = new Set<string>();
  for (const { id, state } of page.items) {
    known.add(id);
    const mine = claims.filter(({ owner }) => owner.id === id);
    const has = mine.map(({ windows: [window], quantity, mode, resource }) =>
      window ? shown(window, { quantity, mode, resource }) : '',
    );
    const open = state.status === 'requested' || state.status === 'confirmed';
    const { start, end } = state.window;
    const wants = open
      ? [shown({ start, end }, { quantity: state.quantity, mode: 'firm', resource: `equipment:${state.equipmentId}` })]
      : [];
    if (JSON.stringify(has) !== JSON.stringify(wants)) wrong.push(`${state.status} ${id} wants ${wants}, has ${has}`);
  }
  for (const { owner } of claims)
    if (owner.type === 'reservation' && !known.has(owner.id)) wrong.push(`nobody's ${owner.id}`);
  return wrong;
}

/** The most units of an item that firm claims take at any one instant. */
export async function mostTaken(scope: Scope, itemId: string): Promise<number> {
  const claims = (await claimsOnEquipment(scope)).filter(({ resource }) => resource === `equipment:${itemId}`);
  const starts = claims.flatMap(({ windows }) => windows.map(({ start }) => start));
  const at = (instant: string) =>
    claims
      .filter(({ windows }) => windows.some(({ start, end }) => start <= instant && instant < end))
      .reduce((sum, { quantity }) => sum + quantity, 0);
  return Math.max(0, ...starts.map(at));
}

/** The types of an aggregate's facts in the trail, oldest first. */
export async function trailOf(scope: Scope, subject: string): Promise<string[]> {
  const page = await scope.documents('audit', subject).query({ kind: 'fact', limit: 200 });
  return page.items.map(({ document }) => (document.body as { type: string }).type);
}
