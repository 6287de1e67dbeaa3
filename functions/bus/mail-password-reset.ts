import { mailPasswordReset as handle } from '../../shared/identity/mails.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const mailPasswordReset = reaction({ name: 'mail-password-reset', on: ['UserPasswordResetRequested'], handle });
