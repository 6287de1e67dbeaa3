/** What the clock does to events: found by when they are due, each moved on by the same rules as by hand. */
import { dueOf } from '../platform/due.ts';
import type { Scope } from '../platform/scope.ts';
import { events } from './model.ts';
import { tick } from './steps.ts';

/** Events of all organizations that are due by now, longest due first. */
export const dueEvents = (scope: Scope) => dueOf(scope, events, 'dueAt');

/** Moves one event on as far as it is due; nothing when another process was faster. `scope` is its organization's. */
export async function tickEvent(scope: Scope, id: string): Promise<void> {
  await scope.of(events).execute(id, (event) => tick(event, scope.actor, scope.now()));
}
