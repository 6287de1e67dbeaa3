/** Sessions: where somebody is signed in (REQ-SESSION-001 to 003). */
import * as z from 'zod';
import { listSessions, readSession, revokeSession, sessionListing } from '../../shared/identity/session-list.ts';
import { endAllSessions } from '../../shared/identity/sessions.ts';
import { SessionView } from '../../shared/identity/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { listRoute, type Route, route } from '../../shared/platform/route.ts';

const mine = { tag: 'Sessions', access: 'signedIn' } as const;

const list = listRoute({
  ...mine,
  path: 'sessions',
  summary: "Your sessions; with userId another user's, for those who may read users",
  list: sessionListing,
  item: SessionView,
  refusals: ['forbidden', 'not_found'],
  handle: async ({ query }, scope) => ({ body: await listSessions(scope, query) }),
});

const readOne = route({
  ...mine,
  method: 'GET',
  path: 'sessions/{sessionId}',
  summary: 'Read a session: your own, or any for those who may read users',
  params: z.strictObject({ sessionId: Id }),
  reply: SessionView,
  handle: async ({ params: { sessionId } }, scope) => readSession(scope, sessionId),
});

const revokeOne = route({
  ...mine,
  method: 'DELETE',
  path: 'sessions/{sessionId}',
  summary: 'End a session: your own, or any for those who may change users',
  params: z.strictObject({ sessionId: Id }),
  async handle({ params: { sessionId } }, scope) {
    await revokeSession(scope, sessionId);
    return {};
  },
});

const revokeOthers = route({
  ...mine,
  method: 'DELETE',
  path: 'sessions',
  summary: 'End all of your sessions but this one',
  async handle(_, scope) {
    await endAllSessions(scope, scope.actor.userId, 'revoked', scope.actor.sessionId);
    return {};
  },
});

export const sessionsRoutes: readonly Route[] = [list, readOne, revokeOne, revokeOthers];
