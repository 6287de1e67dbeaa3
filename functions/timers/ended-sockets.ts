/** Closes, every minute, the sockets of sessions that ran out, which no fact says, and of any that a reaction missed. */
import { closeEnded } from '../../shared/identity/sockets.ts';
import { timer } from '../../shared/platform/reaction.ts';

export const endedSockets = timer({
  name: 'ended-sockets',
  schedule: '30 * * * * *',
  async handle(scope) {
    const { correlationId } = scope;
    for await (const { orgId, userId } of scope.platform.realtime.connected()) {
      try {
        await closeEnded(scope.inOrganization(orgId), userId);
      } catch (error) {
        // The next sweep comes to it; the others must not wait.
        scope.platform.log.error(
          { orgId, userId, correlationId, err: error },
          "the sockets of a user's ended sessions stay open",
        );
      }
    }
  },
});
