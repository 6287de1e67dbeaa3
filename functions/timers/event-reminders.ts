/** Reminds of events 7 days, 1 day and 2 hours ahead (REQ-NTF-023); the reaction `notify` tells the people. */
import { eventsToRemindOf, remindOf } from '../../shared/events/reminding.ts';
import { timer } from '../../shared/platform/reaction.ts';
import { eachDue } from './each-due.ts';

export const eventReminders = timer({
  name: 'event-reminders',
  schedule: '0 */5 * * * *',
  handle: (scope) =>
    eachDue(scope, {
      due: eventsToRemindOf(scope),
      work: remindOf,
      trouble: 'an event could not be reminded of',
      idName: 'eventId',
    }),
});
