/** Everybody concerned is told: what of, and who that is, says `shared/notifications/policy.ts`. */
import { rolesHolding } from '../../shared/identity/holders.ts';
import { notify } from '../../shared/notifications/notify.ts';
import { toldOf } from '../../shared/notifications/policy.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const notifyPeople = reaction({
  name: 'notify',
  on: toldOf,
  handle: (fact, scope) => notify(fact, scope, rolesHolding),
});
