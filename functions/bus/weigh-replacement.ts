/** A repair that costs over half of what the equipment is worth asks for a replacement (REQ-EQP-064). */
import { weighReplacement as weigh } from '../../shared/damage/commands.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const weighReplacement = reaction({
  name: 'weigh-replacement',
  on: ['EquipmentDamageReported', 'EquipmentDamageReportUpdated'],
  handle: (fact, scope) => weigh(scope, fact.subject),
});
