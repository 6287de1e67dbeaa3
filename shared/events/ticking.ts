/** What the clock does to events: found by when they are due, each moved on by the same rules as by hand. */
import type { Scope } from '../platform/scope.ts';
import { type EventState, events } from './model.ts';
import { tick } from './steps.ts';

const PAGE = 100;

export interface DueEvent {
  readonly orgId: string;
  readonly id: string;
}

/** Events of all organizations that are due by now, longest due first, page by page. */
export async function* dueEvents(scope: Scope): AsyncGenerator<DueEvent> {
  const now = scope.now();
  let cursor: string | undefined;
  do {
    const page = await scope.platform.store.query(events.container, [], {
      kind: events.kind,
      where: [{ path: 'dueAt', lte: now }],
      orderBy: [{ path: 'dueAt' }],
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { document } of page.items) {
      const { state } = document.body as unknown as { readonly state: EventState };
      yield { orgId: state.orgId, id: document.id };
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Moves one event on as far as it is due; nothing when another process was faster. `scope` is its organization's. */
export async function tickEvent(scope: Scope, id: string): Promise<void> {
  await scope.of(events).execute(id, (event) => tick(event, scope.actor, scope.now()));
}
