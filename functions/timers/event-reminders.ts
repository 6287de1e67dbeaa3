/** Reminds of events 7 days, 1 day and 2 hours ahead (REQ-NTF-023); the reaction `notify` tells the people. */
import { eventsToRemindOf, remindOf } from '../../shared/events/reminding.ts';
import { timer } from '../../shared/platform/reaction.ts';
import { isRefusal } from '../../shared/platform/refusal.ts';

export const eventReminders = timer({
  name: 'event-reminders',
  schedule: '0 */5 * * * *',
  async handle(scope) {
    for await (const { orgId, id } of eventsToRemindOf(scope)) {
      try {
        await remindOf(scope.inOrganization(orgId), id);
      } catch (error) {
        // Deleted since it was found.
        if (isRefusal(error, 'not_found')) continue;
        // It stays due, and the others must not wait for it.
        scope.platform.log.error({ orgId, eventId: id, err: error }, 'an event could not be reminded of');
      }
    }
  },
});
