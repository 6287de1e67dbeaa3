import { mailInvitation as handle } from '../../shared/identity/mails.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailInvitation = reaction({ name: 'mail-invitation', on: ['UserInvited'], handle });
