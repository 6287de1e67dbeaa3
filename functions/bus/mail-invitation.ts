import { mailInvitation as mail } from '../../shared/identity/mails.ts';
import { sendLogged } from '../../shared/notifications/mails.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailInvitation = reaction({
  name: 'mail-invitation',
  on: ['UserInvited'],
  handle: (fact, scope) => mail(fact, scope, sendLogged),
});
