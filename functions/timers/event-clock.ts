/** Starts, completes and archives events when their time has come (REQ-EVT-011, 012). */
import { dueEvents, tickEvent } from '../../shared/events/ticking.ts';
import { timer } from '../../shared/platform/reaction.ts';
import { eachDue } from './each-due.ts';

export const eventClock = timer({
  name: 'event-clock',
  schedule: '0 * * * * *',
  handle: (scope) =>
    eachDue(scope, {
      due: dueEvents(scope),
      work: tickEvent,
      trouble: 'the clock could not move an event on',
      idName: 'eventId',
    }),
});
