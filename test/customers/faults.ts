/** Platforms with something wrong: guards switched off, or a crash at a chosen commit. */
import type { Platform } from '../../shared/platform/scope.ts';
import type { Write } from '../../shared/platform/store.ts';

/** Commits whatever is there by now: no etag counts, nothing exists, and nobody waits for another in the process. */
export function unguarded(platform: Platform): Platform {
  const blind = (write: Write): Write =>
    write.op === 'delete' ? { op: 'delete', id: write.id } : { op: 'upsert', document: write.document };
  return {
    ...platform,
    queue: { run: (_, task) => task() },
    store: {
      ...platform.store,
      commit: (container, partition, writes) => platform.store.commit(container, partition, writes.map(blind)),
    },
  };
}

export class Crash extends Error {}

/** Crashes at the `at`-th commit (from 1), `before` anything of it is written or `after` all of it is. */
export function crashing(platform: Platform, at: number, when: 'before' | 'after') {
  let commits = 0;
  const store: Platform['store'] = {
    ...platform.store,
    async commit(container, partition, writes) {
      commits += 1;
      if (commits === at && when === 'before') throw new Crash();
      const etags = await platform.store.commit(container, partition, writes);
      if (commits === at) throw new Crash();
      return etags;
    },
  };
  return { platform: { ...platform, store }, commits: () => commits };
}
