import { mailPasswordChanged as handle } from '../../shared/identity/mails.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailPasswordChanged = reaction({
  name: 'mail-password-changed',
  on: ['UserPasswordChanged', 'UserPasswordReset'],
  handle,
});
