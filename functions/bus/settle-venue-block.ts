/** The claim behind a block becomes what the facts say, whatever crashed in between. */
import * as z from 'zod';
import { reaction } from '../../shared/platform/reaction.ts';
import { settleBlock } from '../../shared/venues/blocks.ts';

const Data = z.object({ claimId: z.string() });

export const settleVenueBlock = reaction({
  name: 'settle-venue-block',
  on: ['VenueBlocked', 'VenueUnblocked'],
  handle: (fact, scope) =>
    settleBlock(scope, fact.subject, Data.parse(fact.data).claimId, fact.type === 'VenueBlocked'),
});
