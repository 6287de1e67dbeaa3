/** Sockets end with the sessions they were opened in (REQ-NTF-010): at once by facts, and what those missed by a sweep. */
import * as z from 'zod';
import type { Fact } from '../platform/facts.ts';
import { pagesOf } from '../platform/pages.ts';
import type { Scope } from '../platform/scope.ts';
import { users } from './model.ts';
import { sessionIn } from './sessions.ts';

const OneSession = z.object({ sessionId: z.string() });
const PAGE = 50;

/** The facts after which sockets may have to go. The last three end sessions by themselves, before each has its own fact. */
export const endingFacts = [
  'UserSessionRevoked',
  'UserLoggedOut',
  'UserAccountDeactivated',
  'UserPasswordChanged',
  'UserPasswordReset',
] as const;

/** Closes the sockets of the sessions that a fact about a user has ended. Throws `unavailable`, to be tried again. */
export async function closeSocketsOf(fact: Fact, scope: Scope): Promise<void> {
  const one = OneSession.safeParse(fact.data);
  if (one.success) await scope.platform.realtime.closeSession(one.data.sessionId, 'The session has ended');
  else await closeEnded(scope, fact.subject);
}

/** Closes the sockets of a user whose session is over, whatever ended it. */
export async function closeEnded(scope: Scope, userId: string): Promise<void> {
  const live = await liveSessions(scope, userId);
  await scope.platform.realtime.closeOthers(scope.orgId, userId, live, 'The session has ended');
}

/** The ids of a user's sessions that are good now; none of one that is suspended. */
async function liveSessions(scope: Scope, userId: string): Promise<readonly string[]> {
  const known = await scope.of(users).find(userId);
  if (known?.state.status !== 'active') return [];
  const { epoch } = known.state;
  const now = scope.now();
  const documents = scope.documents('sessions', userId);
  const ids: string[] = [];
  for await (const { items } of pagesOf((from) => documents.query({ kind: 'session', limit: PAGE, ...from }))) {
    for (const stored of items) {
      const session = sessionIn(stored);
      if (session.epoch >= epoch && session.expiresAt > now) ids.push(stored.document.id);
    }
  }
  return ids;
}
