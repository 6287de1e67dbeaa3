/**
 * Reservations follow their event: called off with it, moved with it, flagged where they do not fit, named like it. One
 * that was made or changed meanwhile looks once more.
 */
import { reaction } from '../../shared/platform/reaction.ts';
import { followEvent, keepInStep } from '../../shared/reservations/following.ts';

const OWN = ['EquipmentBookingRequested', 'EquipmentReservationUpdated'];
const MOVES = ['EventDateChanged', 'EventRescheduled'];

export const followReservedEvent = reaction({
  name: 'follow-reserved-event',
  on: [...OWN, ...MOVES, 'EventDetailsUpdated', 'EventCancelled', 'EventPostponed', 'EventReinstated', 'EventDeleted'],
  async handle(fact, scope) {
    if (OWN.includes(fact.type)) return keepInStep(scope, fact.subject, false);
    await followEvent(scope, fact.subject, MOVES.includes(fact.type));
  },
});
