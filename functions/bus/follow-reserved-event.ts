/**
 * Reservations follow their event: called off with it, moved with it, flagged where they do not fit, named like it. One
 * that was made or changed meanwhile looks once more; so do those of an item whose preventive maintenance was done.
 */
import { reaction } from '../../shared/platform/reaction.ts';
import { followEvent, followMaintained, keepInStep } from '../../shared/reservations/following.ts';

const OWN = ['EquipmentBookingRequested', 'EquipmentReservationUpdated'];
const MOVES = ['EventDateChanged', 'EventRescheduled'];
const MAINTAINED = 'EquipmentPreventiveDone';

export const followReservedEvent = reaction({
  name: 'follow-reserved-event',
  on: [
    ...OWN,
    ...MOVES,
    'EventDetailsUpdated',
    'EventCancelled',
    'EventPostponed',
    'EventReinstated',
    'EventDeleted',
    MAINTAINED,
  ],
  async handle(fact, scope) {
    if (OWN.includes(fact.type)) return keepInStep(scope, fact.subject, false);
    if (fact.type === MAINTAINED) return followMaintained(scope, fact.subject);
    await followEvent(scope, fact.subject, MOVES.includes(fact.type));
  },
});
