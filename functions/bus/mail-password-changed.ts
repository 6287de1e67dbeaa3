import { mailPasswordChanged as mail } from '../../shared/identity/mails.ts';
import { postOf } from '../../shared/notifications/posting.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailPasswordChanged = reaction({
  name: 'mail-password-changed',
  on: ['UserPasswordChanged', 'UserPasswordReset'],
  handle: (fact, scope) => postOf(fact, scope, mail),
});
