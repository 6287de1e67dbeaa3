/** The local outbox: every mail becomes two files (JSON to be read by programs, .eml to be opened), nothing leaves. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { documentHash } from './hash.ts';
import type { Mail, Message } from './mail.ts';

const SHOWN = 50;

interface Outbox extends Mail {
  /** The latest mails of this process, newest first. */
  latest(): readonly Message[];
}

interface OutboxOptions {
  readonly folder: string;
  readonly from: string;
}

/** `folder` is made when the first mail comes. A mail sent twice is written once: its name derives from its Message-ID. */
export function outboxMail({ folder, from }: OutboxOptions): Outbox {
  let latest: readonly Message[] = [];

  async function written(name: string, content: string | Uint8Array): Promise<void> {
    const path = join(folder, name);
    await writeFile(`${path}.tmp`, content, { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }
  return {
    async send(message) {
      const { default: MailComposer } = await import('nodemailer/lib/mail-composer/index.js');
      const to = { name: '', address: message.to };
      const eml = await new MailComposer({ ...message, to, messageId: `<${message.messageId}>`, from })
        .compile()
        .build();
      const name = documentHash(message.messageId);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await written(`${name}.json`, `${JSON.stringify({ ...message, from }, undefined, 2)}\n`);
      await written(`${name}.eml`, eml);
      latest = [message, ...latest.filter(({ messageId }) => messageId !== message.messageId)].slice(0, SHOWN);
    },
    latest: () => latest,
  };
}
