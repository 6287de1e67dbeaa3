/** A renamed customer, venue or type shows in its events; an event made meanwhile looks once more. */
import { refreshAllNames, refreshNames, renamed } from '../../shared/events/following.ts';
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
  ],
  async handle(fact, scope) {
    const reference = renamed(fact);
    if (reference === 'nothing') return;
    if (reference === 'event') return refreshNames(scope, fact.subject);
    await refreshAllNames(scope, reference, fact.subject);
  },
});
