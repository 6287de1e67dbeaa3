import { mailPasswordReset as mail } from '../../shared/identity/mails.ts';
import { postOf } from '../../shared/notifications/posting.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailPasswordReset = reaction({
  name: 'mail-password-reset',
  on: ['UserPasswordResetRequested'],
  handle: (fact, scope) => postOf(fact, scope, mail),
});
