/** What a process remembers of sessions, beside the platform it belongs to, so that it can be made to look again. */
import { LRUCache } from 'lru-cache';
import type { Actor } from '../platform/actor.ts';
import type { Platform } from '../platform/scope.ts';
import type { Keys } from './keys.ts';

/** Tokens and sessions remembered at most; about 1 KB each. */
export const MOST_REMEMBERED = 20_000;

/** A session and who it speaks for. */
export interface Seen {
  readonly userId: string;
  readonly orgId: string;
  readonly sessionId: string;
  actor: Actor | undefined;
  /** When the actor was looked up, of `performance.now()`. */
  lookedAt: number;
  looking: Promise<void> | undefined;
}

interface Inside {
  readonly keys: Keys;
  readonly sessions: LRUCache<string, Seen>;
}

const inside = new WeakMap<Platform, Inside>();

/** For the authenticator: begins to remember. */
export function remember(platform: Platform, keys: Keys): LRUCache<string, Seen> {
  const sessions = new LRUCache<string, Seen>({ max: MOST_REMEMBERED });
  inside.set(platform, { keys, sessions });
  return sessions;
}

/** The keys that the platform's authenticator was made with. */
export function keysOf(platform: Platform): Keys {
  const known = inside.get(platform);
  if (!known) throw new Error('No authenticator was made for this platform');
  return known.keys;
}

/** Makes this process look again at some sessions at once; others see a change within 5 seconds by themselves. */
export function forget(
  platform: Platform,
  which: (session: Pick<Seen, 'userId' | 'orgId' | 'sessionId'>) => boolean,
): void {
  const sessions = inside.get(platform)?.sessions;
  if (!sessions) return;
  for (const [key, seen] of sessions.entries()) if (which(seen)) sessions.delete(key);
}
