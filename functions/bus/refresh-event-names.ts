/**
 * A renamed customer, venue or type shows in its events; an event made, changed or reinstated meanwhile looks once more at all it
 * refers to, mergers and deletions included.
 */
import { keepInStep, refreshAllNames, renamed } from '../../shared/events/following.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const refreshEventNames = reaction({
  name: 'refresh-event-names',
  on: [
    'CustomerProfileUpdated',
    'VenueDetailsUpdated',
    'EventTypeUpdated',
    'EventCreated',
    'EventDetailsUpdated',
    'EventVenueChanged',
    'EventTypeChanged',
    'EventRescheduled',
    'EventReinstated',
  ],
  async handle(fact, scope) {
    const reference = renamed(fact);
    if (reference === 'nothing') return;
    if (reference === 'event') return keepInStep(scope, fact.subject);
    await refreshAllNames(scope, reference, fact.subject);
  },
});
