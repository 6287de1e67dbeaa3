/** Who a token speaks for: one lookup in memory, and every few seconds a look at what has changed meanwhile. */
import { LRUCache } from 'lru-cache';
import type { Authenticator } from '../platform/pipeline.ts';
import type { Platform } from '../platform/scope.ts';
import { denied } from './denied.ts';
import type { Keys } from './keys.ts';
import { MOST_REMEMBERED, remember, type Seen } from './remembered.ts';
import { sessionActor } from './session-actor.ts';
import type { Claims } from './tokens.ts';
import { notAToken, verifiedClaims } from './tokens.ts';

/** Revocations bite within 5 seconds: this, and a second for the reading itself. */
const FRESH_MS = 4000;
interface AuthenticatorOptions {
  /** Milliseconds that what was looked up stands; for tests. */
  readonly freshMs?: number;
}

/**
 * An authenticator over the platform's store. A token is verified once and remembered until it expires; session, user
 * and roles behind it are read again every 4 seconds at most, once for all requests that wait for it.
 */
export function createAuthenticator(
  platform: Platform,
  keys: Keys,
  { freshMs = FRESH_MS }: AuthenticatorOptions = {},
): Authenticator {
  const tokens = new LRUCache<string, Claims>({ max: MOST_REMEMBERED });
  const sessions = remember(platform, keys);

  async function claimsOf(token: string): Promise<Claims> {
    const known = tokens.get(token);
    if (known) {
      if (known.exp * 1000 > Date.parse(platform.clock.now())) return known;
      tokens.delete(token);
      throw notAToken();
    }
    const claims = await verifiedClaims(platform, keys, token);
    tokens.set(token, claims);
    return claims;
  }

  function seenOf({ org, sub, sid }: Claims): Seen {
    const key = `${org}/${sub}/${sid}`;
    let seen = sessions.get(key);
    if (!seen) {
      seen = {
        orgId: org,
        userId: sub,
        sessionId: sid,
        actor: undefined,
        lookedAt: Number.NEGATIVE_INFINITY,
        looking: undefined,
      };
      sessions.set(key, seen);
    }
    return seen;
  }

  async function look(seen: Seen): Promise<void> {
    // What was read is as old as the beginning of the reading.
    const startedAt = performance.now();
    try {
      seen.actor = await sessionActor(platform, seen);
      seen.lookedAt = startedAt;
    } finally {
      seen.looking = undefined;
    }
  }

  return {
    async authenticate(token) {
      const seen = seenOf(await claimsOf(token));
      if (performance.now() - seen.lookedAt >= freshMs) {
        seen.looking ??= look(seen);
        await seen.looking;
      }
      if (!seen.actor) throw notAToken();
      return seen.actor;
    },
    refused: (actor, route, correlationId) => denied(platform, actor, route, correlationId),
  };
}
