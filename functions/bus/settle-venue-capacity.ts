/** The conflict engine follows the venue: how many events at once (none while it is inactive or gone), how many guests. */
import { reaction } from '../../shared/platform/reaction.ts';
import { settleCapacity, settleLargest } from '../../shared/venues/commands.ts';

export const settleVenueCapacity = reaction({
  name: 'settle-venue-capacity',
  on: ['VenueDetailsUpdated', 'VenueCapacityUpdated', 'VenueActivated', 'VenueDeactivated', 'VenueRemoved'],
  async handle(fact, scope) {
    if (fact.type === 'VenueCapacityUpdated') return settleLargest(scope, fact.subject);
    const changes = fact.data.changes;
    const capacityStays = typeof changes === 'object' && changes !== null && !('bookable' in changes);
    if (!capacityStays) await settleCapacity(scope, fact.subject);
  },
});
