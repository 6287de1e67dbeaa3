/** The mail port: SMTP (`mail.smtp.ts`) when configured, else the local outbox (`mail.outbox.ts`). */
export interface Message {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Derived from the fact behind the mail, so that a repeated delivery is recognizably the same mail. */
  readonly messageId: string;
  /** Further headers; values on one line. */
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Mail {
  /** Hands the message over; throws when it was not taken, to be tried again. */
  send(message: Message): Promise<void>;
}
