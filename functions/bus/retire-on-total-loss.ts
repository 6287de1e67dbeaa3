/** Equipment that is a total loss is retired, and a replacement asked for (REQ-EQP-062). */
import { retireOnTotalLoss as retire } from '../../shared/damage/commands.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const retireOnTotalLoss = reaction({
  name: 'retire-on-total-loss',
  on: ['EquipmentDamageReported'],
  handle: (fact, scope) => retire(scope, fact.subject),
});
