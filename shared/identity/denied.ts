/** Leaves a fact when somebody signed in asks for what it may not: at most one a minute per user and route. */
import type { Actor } from '../platform/actor.ts';
import { envelope } from '../platform/envelope.ts';
import { factDocument } from '../platform/facts.ts';
import { documentHash } from '../platform/hash.ts';
import type { Route } from '../platform/route.ts';
import type { Platform } from '../platform/scope.ts';
import { scopeOf } from '../platform/scope.ts';
import { CommitRefused } from '../platform/store.ts';

const ONE_A_MINUTE = { limit: 1, windowSeconds: 60 };

/** The bound holds over all processes: a marker that lives for a minute is part of the fact's batch. */
export async function denied(platform: Platform, actor: Actor, route: Route, correlationId: string): Promise<void> {
  const marker = `denied:${actor.userId}:${documentHash(`${route.method} ${route.path}`)}`;
  if (!(await platform.limits.take(marker, ONE_A_MINUTE, actor.orgId)).allowed) return;
  const scope = scopeOf(platform, { actor, correlationId });
  const data = { method: route.method, route: route.path, needs: route.access, sessionId: actor.sessionId };
  const fact = envelope(scope, 'user', actor.userId, { type: 'UnauthorizedAccessAttempted', data });
  try {
    await scope.documents('identity').commit([
      { op: 'create', document: { id: marker, kind: 'denied', body: null, ttl: ONE_A_MINUTE.windowSeconds } },
      { op: 'create', document: factDocument(fact) },
    ]);
  } catch (error) {
    // Another process has said so this minute, or the store is away: the answer is 403 all the same.
    if (!(error instanceof CommitRefused))
      platform.log.error({ correlationId, err: error }, 'a refused access was not recorded');
  }
}
