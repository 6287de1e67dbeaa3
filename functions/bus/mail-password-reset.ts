import { mailPasswordReset as mail } from '../../shared/identity/mails.ts';
import { sendLogged } from '../../shared/notifications/mails.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailPasswordReset = reaction({
  name: 'mail-password-reset',
  on: ['UserPasswordResetRequested'],
  handle: (fact, scope) => mail(fact, scope, sendLogged),
});
