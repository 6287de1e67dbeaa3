/**
 * The item's books say where its units are, step by step; missing ones leave stock, and only then what held them is
 * freed, so that nobody is promised what is not there (REQ-EQP-048).
 */

import * as z from 'zod';
import { free } from '../../shared/claims/taking.ts';
import { placingOf, refOf } from '../../shared/equipment/model.ts';
import { settleCapacity } from '../../shared/equipment/stock.ts';
import { trackUnits } from '../../shared/equipment/tracking.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import { flagShort } from '../../shared/reservations/following.ts';
import { stepFacts } from '../../shared/reservations/model.ts';
import { missingOf } from '../../shared/reservations/settling.ts';

const About = z.object({ equipmentId: z.string() });

export const trackReservedUnits = reaction({
  name: 'track-units',
  on: [...Object.values(stepFacts), 'EquipmentReservationCancelled'],
  async handle(fact, scope) {
    const { equipmentId } = About.parse(fact.data);
    const missing = missingOf(fact);
    await trackUnits(scope, equipmentId, fact.subject, missing);
    if (missing === 0) return;
    await settleCapacity(scope, equipmentId);
    const { released } = placingOf(fact);
    if (released) await free(scope, refOf(released));
    // Looked at once more: what held the missing units made others short that are not.
    await flagShort(scope, equipmentId, await settleCapacity(scope, equipmentId));
  },
});
