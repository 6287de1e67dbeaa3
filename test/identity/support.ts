/** What the tests of identity share: processes over one store. */
import { createAuthenticator } from '../../shared/identity/authenticator.ts';
import { openKeys } from '../../shared/identity/keys.ts';
import type { Post } from '../../shared/identity/mails.ts';
import { publicActor } from '../../shared/platform/actor.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import type { Authenticator } from '../../shared/platform/pipeline.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import { type Platform, type Scope, scopeOf } from '../../shared/platform/scope.ts';
import type { Store } from '../../shared/platform/store.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';

export const DEVICE = { address: '192.0.2.1', userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' };

/** One process of several: its own queue and authenticator, and nothing shared but the files. */
export interface Process {
  readonly platform: Platform;
  readonly authenticator: Authenticator;
  /** A scope for a request that nobody is signed in for. */
  scope(): Scope;
}

async function processOf(platform: Platform, folder: string): Promise<Process> {
  const keys = await openKeys(platform.config, folder, platform.clock);
  return {
    platform,
    authenticator: createAuthenticator(platform, keys),
    scope: () => scopeOf(platform, { actor: publicActor, correlationId: 'test' }),
  };
}

export interface Place {
  readonly platform: TestPlatform;
  readonly one: Process;
  /** Further processes, their stores seen through `through`. */
  more(count: number, through?: (store: Store) => Store): Promise<readonly Process[]>;
  close(): Promise<void>;
}

/** A store on disk with one process on it; limits are wide unless `env` says otherwise. */
export async function place(env: Readonly<Record<string, string>> = {}): Promise<Place> {
  const platform = await testPlatform({ env: { RATE_FAILURES: '1000000', ...env } });
  const twin = platform.twin();
  return {
    platform,
    one: await processOf(platform, platform.folder),
    more: (count, through = (store) => store) =>
      Promise.all(
        Array.from({ length: count }, (_, at) => {
          const base = at % 2 === 0 ? platform : twin;
          const own = { ...base, store: through(base.store), queue: keyedQueue() };
          return processOf(own, platform.folder);
        }),
      ),
    close: () => platform.close(),
  };
}

/** Mail that leaves at once and is logged nowhere. */
export const posted: Post = (scope, _, message) => scope.platform.mail.send(message);

/** The code of what a promise is refused with; the value is an error of the test. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  throw new Error('It was not refused');
}

/** How many came through, and the codes of the others. */
export async function tally(promises: readonly Promise<unknown>[]) {
  const settled = await Promise.allSettled(promises);
  const refused: Record<string, number> = {};
  for (const result of settled) {
    if (result.status === 'fulfilled') continue;
    if (!(result.reason instanceof Refusal)) throw result.reason;
    refused[result.reason.code] = (refused[result.reason.code] ?? 0) + 1;
  }
  return { through: settled.filter(({ status }) => status === 'fulfilled').length, refused };
}

/** Facts of an organization's container, oldest first. */
export async function factsIn(store: Store, container: 'identity' | 'sessions', orgId: string) {
  const { items } = await store.query(container, [orgId], { kind: 'fact', limit: 1000 });
  return items.map(({ document }) => document.body as unknown as { type: string; subject: string; data: object });
}
