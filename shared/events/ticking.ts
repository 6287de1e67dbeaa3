/** What the clock does to events: found by when they are due, each moved on by the same rules as by hand. */
import { pagesOf } from '../platform/pages.ts';
import type { Scope } from '../platform/scope.ts';
import type { Query } from '../platform/store.ts';
import { type EventState, events } from './model.ts';
import { tick } from './steps.ts';

const PAGE = 100;

interface DueEvent {
  readonly orgId: string;
  readonly id: string;
}

/** Events of all organizations that are due by now, longest due first, page by page. */
export async function* dueEvents(scope: Scope): AsyncGenerator<DueEvent> {
  const now = scope.now();
  const { store } = scope.platform;
  const due: Query = {
    kind: events.kind,
    where: [{ path: 'dueAt', lte: now }],
    orderBy: [{ path: 'dueAt' }],
    limit: PAGE,
  };
  for await (const { items } of pagesOf((from) => store.query(events.container, [], { ...due, ...from }))) {
    for (const { document } of items) {
      const { state } = document.body as unknown as { readonly state: EventState };
      yield { orgId: state.orgId, id: document.id };
    }
  }
}

/** Moves one event on as far as it is due; nothing when another process was faster. `scope` is its organization's. */
export async function tickEvent(scope: Scope, id: string): Promise<void> {
  await scope.of(events).execute(id, (event) => tick(event, scope.actor, scope.now()));
}
