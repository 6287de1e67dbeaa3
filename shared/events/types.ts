/** Event types: finding, changing, and the defaults that every organization begins with. */
import * as z from 'zod';
import { systemActor } from '../platform/actor.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY, later } from '../platform/clock.ts';
import { documentHash } from '../platform/hash.ts';
import { anyOf, type ListInput, type Listing, toQuery } from '../platform/listing.ts';
import { notFound } from '../platform/refusal.ts';
import type { EntityPage } from '../platform/repository.ts';
import { type Scope, scopeOf } from '../platform/scope.ts';
import { CommitRefused, type Store, type Write } from '../platform/store.ts';
import { eventCounter, events } from './model.ts';
import {
  defaultEventTypes,
  type EventTypeFields,
  type EventTypeState,
  eventTypes,
  removeType,
  reviseType,
} from './types.model.ts';

/** A UUID of version 8 that depends on the organization and the default's name alone. */
export function defaultTypeId(orgId: string, name: string): string {
  const hex = Buffer.from(documentHash(`event-type:${orgId}:${name}`), 'base64url').toString('hex');
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4] ?? '8';
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}

/** Organizations known to have their defaults, per store: that never changes back. */
const known = new WeakMap<Store, Set<string>>();
const MOST_KNOWN = 10_000;

/**
 * Makes the defaults of the scope's organization unless they were made before, all in one batch. Whoever needs types
 * first makes them, so that a newcomer need not wait for the reaction to the organization's first fact.
 */
export async function presentDefaults(scope: Scope): Promise<void> {
  const { orgId, platform } = scope;
  const done = known.get(platform.store) ?? new Set();
  known.set(platform.store, done);
  if (done.has(orgId)) return;
  const documents = scope.documents('events');
  const [first] = defaultEventTypes;
  if (!(await documents.read(defaultTypeId(orgId, first)))) {
    const system = scopeOf(platform, { actor: systemActor(orgId), correlationId: scope.correlationId });
    const types = system.of(eventTypes);
    const writes = defaultEventTypes.flatMap((name) => {
      const fields: EventTypeFields = { name, status: 'active' };
      return types.stage(defaultTypeId(orgId, name), [{ type: 'EventTypeAdded', data: { fields } }]).writes;
    });
    try {
      await documents.commit(writes);
    } catch (error) {
      // Someone else made them at the same moment; one batch makes all or none.
      if (!(error instanceof CommitRefused && error.reason === 'exists')) throw error;
    }
  }
  if (done.size < MOST_KNOWN) done.add(orgId);
}

/** The type, or undefined. One point read, but for an organization's very first. */
export async function findEventType(scope: Scope, id: string): Promise<Entity<EventTypeState> | undefined> {
  const found = await scope.of(eventTypes).find(id);
  if (found || !defaultEventTypes.some((name) => defaultTypeId(scope.orgId, name) === id)) return found;
  await presentDefaults(scope);
  return scope.of(eventTypes).find(id);
}

export async function getEventType(scope: Scope, id: string): Promise<Entity<EventTypeState>> {
  const found = await findEventType(scope, id);
  if (!found) throw notFound(eventTypes.noun);
  return found;
}

export const eventTypeListing: Listing = {
  filters: { status: anyOf('status', z.enum(['active', 'inactive'])) },
  sorts: { name: 'name', createdAt: 'createdAt' },
  defaultSort: 'name',
  search: false,
};

export async function listEventTypes(scope: Scope, input: ListInput): Promise<EntityPage<EventTypeState>> {
  await presentDefaults(scope);
  return scope.of(eventTypes).list(toQuery(eventTypeListing, input));
}

export async function addEventType(scope: Scope, fields: EventTypeFields): Promise<Entity<EventTypeState>> {
  await presentDefaults(scope);
  return scope.of(eventTypes).create(scope.newId(), () => [{ type: 'EventTypeAdded', data: { fields } }]);
}

export async function changeEventType(
  scope: Scope,
  id: string,
  revise: (current: EventTypeFields) => EventTypeFields,
): Promise<Entity<EventTypeState>> {
  await presentDefaults(scope);
  return scope.of(eventTypes).execute(id, (state) => reviseType(state, revise(state)));
}

/**
 * Throws `rule_broken` `type-in-use` when any event has it. An event that gets it in the same instant makes this batch
 * stale, or is refused because of it (ADR 0004).
 */
export async function removeEventType(scope: Scope, id: string): Promise<void> {
  await presentDefaults(scope);
  // Around New Year an event may be on its way under the number of another year than this one's.
  const now = scope.now();
  const counters = new Set([later(now, -DAY), now, later(now, DAY)].map(eventCounter));
  let guards: readonly Write[] = [];
  const decide = async (state: EventTypeState) => {
    guards = await Promise.all([...counters].map((counter) => scope.of(events).besideCreation(counter, true)));
    const using = await scope.of(events).list({
      where: [{ path: 'typeId', eq: id }],
      orderBy: [{ path: 'startsAt' }],
      limit: 1,
    });
    return removeType(state, using.items.length > 0);
  };
  await scope.of(eventTypes).execute(id, decide, { also: () => guards });
}
