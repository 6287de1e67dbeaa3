/** Finds events whose next reminder is due, and writes each reminder down as a fact: once, whoever else does the same. */
import { dueOf } from '../platform/due.ts';
import type { Scope } from '../platform/scope.ts';
import { events } from './model.ts';
import { remind } from './reminders.ts';

/** Events of all organizations with a reminder due by now, longest due first. */
export const eventsToRemindOf = (scope: Scope) => dueOf(scope, events, 'remindAt');

/** Decides on the event as it is under its etag, so a reminder is never written twice. `scope` is its organization's. */
export async function remindOf(scope: Scope, id: string): Promise<void> {
  await scope.of(events).execute(id, (event) => remind(event, scope.now()));
}
