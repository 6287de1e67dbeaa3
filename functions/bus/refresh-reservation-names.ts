/** Reservations bear the name of their item. */
import * as z from 'zod';
import { reaction } from '../../shared/platform/reaction.ts';
import { followName } from '../../shared/reservations/following.ts';

const Updated = z.object({ changes: z.looseObject({ name: z.unknown() }).partial() });

export const refreshReservationNames = reaction({
  name: 'refresh-reservation-names',
  on: ['EquipmentItemUpdated'],
  async handle(fact, scope) {
    if (Updated.parse(fact.data).changes.name !== undefined) await followName(scope, fact.subject);
  },
});
