/** Starts, completes and archives events when their time has come (REQ-EVT-011, 012). */
import { dueEvents, tickEvent } from '../../shared/events/ticking.ts';
import { timer } from '../../shared/platform/reaction.ts';

export const eventClock = timer({
  name: 'event-clock',
  schedule: '0 * * * * *',
  async handle(scope) {
    for await (const { orgId, id } of dueEvents(scope)) {
      try {
        await tickEvent(scope.inOrganization(orgId), id);
      } catch (error) {
        // It stays due, and the others must not wait for it.
        const about = { orgId, eventId: id, correlationId: scope.correlationId };
        scope.platform.log.error({ ...about, err: error }, 'the clock could not move an event on');
      }
    }
  },
});
