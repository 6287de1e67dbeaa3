/** What is remembered of sessions, beside the platform it belongs to, so that it can be dropped when they change. */
import type { Actor } from '../platform/actor.ts';
import type { Dropped, ReadCache } from '../platform/read-cache.ts';
import type { Platform } from '../platform/scope.ts';
import type { Keys } from './keys.ts';

interface Inside {
  readonly keys: Keys;
  readonly actors: ReadCache<Actor | null>;
}

const inside = new WeakMap<Platform, Inside>();

/** For the authenticator: begins to remember. */
export function remember(platform: Platform, made: Inside): void {
  inside.set(platform, made);
}

/** The keys that the platform's authenticator was made with. */
export function keysOf(platform: Platform): Keys {
  const known = inside.get(platform);
  if (!known) throw new Error('No authenticator was made for this platform');
  return known.keys;
}

/**
 * Has some sessions looked at anew (`id` is a session's): at once here and in the processes that can be told, within 5
 * seconds by themselves in the others. For when the change is committed. Never throws.
 */
export async function forget(platform: Platform, sessions: Dropped): Promise<void> {
  await inside.get(platform)?.actors.drop(sessions);
}
