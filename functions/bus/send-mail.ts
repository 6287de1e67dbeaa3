/** A mail that need not wait leaves at once; the timer `held-mail` looks after all others. */
import { sendMailOf } from '../../shared/notifications/sending.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const sendQueuedMail = reaction({ name: 'send-mail', on: ['MailQueued'], handle: sendMailOf });
