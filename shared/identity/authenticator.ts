/** Who a token speaks for: one lookup in memory, and every few seconds a look at what has changed meanwhile. */
import { LRUCache } from 'lru-cache';
import type { Authenticator } from '../platform/pipeline.ts';
import type { Platform } from '../platform/scope.ts';
import { denied } from './denied.ts';
import type { Keys } from './keys.ts';
import { remember } from './remembered.ts';
import { KnownActor, sessionActor } from './session-actor.ts';
import type { Claims } from './tokens.ts';
import { notAToken, verifiedClaims } from './tokens.ts';

/** Revocations bite within 5 seconds: this, and a second for the reading itself. */
const FRESH_MS = 4000;
/** Tokens and sessions remembered at most; about 1 KB each. */
const MOST_REMEMBERED = 20_000;

interface AuthenticatorOptions {
  /** Milliseconds that what was looked up stands; for tests. */
  readonly freshMs?: number;
}

/**
 * An authenticator over the platform's store. A token is verified once and remembered until it expires; session, user
 * and roles behind it are read again every 4 seconds at most, once for all requests that wait for it, and for all
 * processes that share a cache.
 */
export function createAuthenticator(
  platform: Platform,
  keys: Keys,
  { freshMs = FRESH_MS }: AuthenticatorOptions = {},
): Authenticator {
  const tokens = new LRUCache<string, Claims>({ max: MOST_REMEMBERED });
  const actors = platform.caches.open({ name: 'actor', max: MOST_REMEMBERED, freshMs, schema: KnownActor });
  remember(platform, { keys, actors });

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

  return {
    async authenticate(token) {
      const { org, sub, sid } = await claimsOf(token);
      const key = { orgId: org, userId: sub, id: sid };
      const actor = await actors.get(key, async () => {
        const known = await sessionActor(platform, { orgId: org, userId: sub, sessionId: sid });
        return known ?? null;
      });
      if (!actor) throw notAToken();
      return actor;
    },
    refused: (actor, route, correlationId) => denied(platform, actor, route, correlationId),
  };
}
