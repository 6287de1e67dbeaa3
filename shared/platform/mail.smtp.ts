/** Mail over SMTP. `nodemailer` is loaded with the first message. */
import { messageOf } from './errors.ts';
import { inTime } from './in-time.ts';
import type { Mail } from './mail.ts';
import { once } from './once.ts';

interface SmtpOptions {
  /** `smtp://` (STARTTLS where offered; `?requireTLS=true` insists) or `smtps://`, with user and password if any. */
  readonly url: string;
  readonly from: string;
  /** Milliseconds that one mail may take, whatever the server says meanwhile. */
  readonly within?: number;
}

/** The longest a server may be silent, so that a hung one is a failure and the mail is tried again. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };
/** One that goes on talking without ever answering is none of those. */
const WITHIN = 120_000;

/** Mail through a server, reached with the first message; `send` throws what it answers when it does not take one. */
export function smtpMail({ url, from, within = WITHIN }: SmtpOptions): Mail {
  const transport = once(async () => {
    const { createTransport } = await import('nodemailer');
    return createTransport({ url, ...TIMEOUTS, disableFileAccess: true, disableUrlAccess: true });
  });
  return {
    async send(message) {
      // An address, not a text to be read as a list of them.
      const to = { name: '', address: message.to };
      const mail = { ...message, to, messageId: `<${message.messageId}>`, from };
      const sending = (await transport()).sendMail(mail);
      try {
        await inTime(sending, within);
      } catch (error) {
        throw new Error(`The mail was not taken: ${messageOf(error).replaceAll(ADDRESS, '<address>')}`);
      }
    },
  };
}

/** Servers repeat addresses in what they answer; failures are logged and kept with dead letters, so those are cut out. */
const ADDRESS = /[^\s<>()"']+@[^\s<>()"']+/g;
