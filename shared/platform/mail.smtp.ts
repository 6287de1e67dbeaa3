/** Mail over SMTP. `nodemailer` is loaded with the first message. */
import type { Transporter } from 'nodemailer';
import type { Mail } from './mail.ts';

export interface SmtpOptions {
  /** `smtp://` (STARTTLS where offered; `?requireTLS=true` insists) or `smtps://`, with user and password if any. */
  readonly url: string;
  readonly from: string;
}

/** The longest a server may keep us waiting, so that a hung one is a failure and the mail is tried again. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

export function smtpMail({ url, from }: SmtpOptions): Mail {
  let transport: Promise<Transporter> | undefined;
  async function opened(): Promise<Transporter> {
    const { createTransport } = await import('nodemailer');
    return createTransport({ url, ...TIMEOUTS, disableFileAccess: true, disableUrlAccess: true });
  }
  return {
    async send(message) {
      transport ??= opened();
      // An address, not a text to be read as a list of them.
      const to = { name: '', address: message.to };
      await (await transport).sendMail({ ...message, to, messageId: `<${message.messageId}>`, from });
    },
  };
}
