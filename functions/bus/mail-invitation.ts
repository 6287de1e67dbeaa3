import { mailInvitation as mail } from '../../shared/identity/mails.ts';
import { postOf } from '../../shared/notifications/posting.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailInvitation = reaction({
  name: 'mail-invitation',
  on: ['UserInvited'],
  handle: (fact, scope) => postOf(fact, scope, mail),
});
