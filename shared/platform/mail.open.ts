/** Chooses how mail leaves: SMTP when configured, else the local outbox. */
import { join } from 'node:path';
import type { Config } from './config.ts';
import { outboxMail } from './mail.outbox.ts';
import { smtpMail } from './mail.smtp.ts';
import type { Mail } from './mail.ts';

/** `folder` is the data folder; the outbox is `mail/` in it. */
export function openMail(config: Config, folder: string): Mail {
  const from = config.MAIL_FROM;
  return config.SMTP_URL === undefined
    ? outboxMail({ folder: join(folder, 'mail'), from })
    : smtpMail({ url: config.SMTP_URL, from });
}
