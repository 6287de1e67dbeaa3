import { mailPasswordChanged as mail } from '../../shared/identity/mails.ts';
import { sendLogged } from '../../shared/notifications/mails.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailPasswordChanged = reaction({
  name: 'mail-password-changed',
  on: ['UserPasswordChanged', 'UserPasswordReset'],
  handle: (fact, scope) => mail(fact, scope, sendLogged),
});
