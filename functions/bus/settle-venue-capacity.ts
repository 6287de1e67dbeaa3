/** The conflict engine's capacity follows the venue: how many events at once, none while it is inactive or gone. */
import { reaction } from '../../shared/platform/reaction.ts';
import { settleCapacity } from '../../shared/venues/commands.ts';

export const settleVenueCapacity = reaction({
  name: 'settle-venue-capacity',
  on: ['VenueDetailsUpdated', 'VenueActivated', 'VenueDeactivated', 'VenueRemoved'],
  async handle(fact, scope) {
    const changes = fact.data.changes;
    const capacityStays = typeof changes === 'object' && changes !== null && !('bookable' in changes);
    if (!capacityStays) await settleCapacity(scope, fact.subject);
  },
});
