/** What is due, in whichever organization: found by an index over all of them. For timers. */
import type { Aggregate } from './aggregate.ts';
import type { ContainerName } from './containers.ts';
import { pagesOf } from './pages.ts';
import type { Scope } from './scope.ts';
import type { Page, Query } from './store.ts';

interface DueKind extends Pick<Query, 'kind' | 'limit'> {
  readonly container: ContainerName;
  /** What says when it is due: one of the container's `acrossIndexes`. */
  readonly at: string;
}

/** Documents of all organizations that are due by now, longest due first, page by page. */
export function duePages(scope: Scope, { container, kind, at, limit }: DueKind): AsyncGenerator<Page> {
  const due: Query = { kind, where: [{ path: at, lte: scope.now() }], orderBy: [{ path: at }], limit };
  return pagesOf((from) => scope.platform.store.query(container, [], { ...due, ...from }));
}

export interface Due {
  readonly orgId: string;
  readonly id: string;
}

const PAGE = 100;

/** Aggregates of all organizations that are due by now, longest due first; `at` as in `duePages`. */
export async function* dueOf<S extends { readonly orgId: string }>(
  scope: Scope,
  { container, kind }: Pick<Aggregate<S, never>, 'container' | 'kind'>,
  at: string,
): AsyncGenerator<Due> {
  for await (const { items } of duePages(scope, { container, kind, at, limit: PAGE })) {
    for (const { document } of items) {
      const { state } = document.body as unknown as { readonly state: S };
      yield { orgId: state.orgId, id: document.id };
    }
  }
}
