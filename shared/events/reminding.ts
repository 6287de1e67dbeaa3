/** Finds events whose next reminder is due, and writes each reminder down as a fact: once, whoever else does the same. */
import { pagesOf } from '../platform/pages.ts';
import type { Scope } from '../platform/scope.ts';
import type { Query } from '../platform/store.ts';
import { type EventState, events } from './model.ts';
import { remind } from './reminders.ts';

const PAGE = 100;

/** Events of all organizations with a reminder due by now, longest due first, page by page; an indexed query. */
export async function* eventsToRemindOf(scope: Scope): AsyncGenerator<{ readonly orgId: string; readonly id: string }> {
  const { store } = scope.platform;
  const due: Query = {
    kind: events.kind,
    where: [{ path: 'remindAt', lte: scope.now() }],
    orderBy: [{ path: 'remindAt' }],
    limit: PAGE,
  };
  for await (const { items } of pagesOf((from) => store.query(events.container, [], { ...due, ...from }))) {
    for (const { document } of items) {
      const { state } = document.body as unknown as { readonly state: EventState };
      yield { orgId: state.orgId, id: document.id };
    }
  }
}

/** Decides on the event as it is under its etag, so a reminder is never written twice. `scope` is its organization's. */
export async function remindOf(scope: Scope, id: string): Promise<void> {
  await scope.of(events).execute(id, (event) => remind(event, scope.now()));
}
