import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../shared/platform/config.ts';
import { openMail } from '../../shared/platform/mail.open.ts';
import { outboxMail } from '../../shared/platform/mail.outbox.ts';
import { smtpMail } from '../../shared/platform/mail.smtp.ts';
import { filled } from '../../shared/platform/mail.template.ts';
import type { Message } from '../../shared/platform/mail.ts';

const message: Message = {
  to: 'ada@example.com',
  subject: 'Einladung für Ada ✓',
  text: 'Grüße aus Köln\n',
  html: '<p>Grüße aus <b>Köln</b></p>\n',
  messageId: '0193b0a0-7c1e-7000-8000-000000000001@marquee',
};
const from = 'Marquee <no-reply@marquee.example>';

describe('Mail over SMTP', () => {
  interface Received {
    readonly from: string;
    readonly to: readonly string[];
    readonly raw: string;
    readonly user: string | undefined;
  }
  let server: SMTPServer;
  let received: Received[];
  let broken: boolean;
  let url: string;
  beforeEach(async () => {
    received = [];
    broken = false;
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        password === 'secret' ? done(null, { user: username }) : done(new Error('no')),
      onData(stream, { envelope, user }, done) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (broken) return done(Object.assign(new Error('<ada@example.com> mailbox is full'), { responseCode: 452 }));
          received.push({
            from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
            to: envelope.rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks).toString(),
            user: typeof user === 'string' ? user : undefined,
          });
          done();
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `smtp://marquee:secret@127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

  test('hands text and HTML over in one message, under the given Message-ID', async () => {
    await smtpMail({ url, from }).send(message);
    const [mail] = received;
    expect(mail).toMatchObject({ from: 'no-reply@marquee.example', to: ['ada@example.com'], user: 'marquee' });
    expect(mail?.raw).toContain(`Message-ID: <${message.messageId}>`);
    expect(mail?.raw).toContain('Content-Type: multipart/alternative');
    expect(mail?.raw).toMatch(/Subject: =\?UTF-8\?/);
    expect(mail?.raw).toContain('Gr=C3=BC=C3=9Fe aus K=C3=B6ln');
  });

  test('throws when the server does not take it, so that it is tried again', async () => {
    broken = true;
    const mail = smtpMail({ url, from });
    const failure = await mail.send(message).then(
      () => new Error('It was taken'),
      (error: Error) => error,
    );
    expect(failure.message).toContain('mailbox is full');
    // It is logged, and kept with a dead letter: neither holds personal data.
    expect(`${failure.stack} ${JSON.stringify(failure)}`).not.toContain(message.to);
    broken = false;
    await mail.send(message);
    expect(received).toHaveLength(1);
  });

  test('throws when nobody is there, or the password is wrong', async () => {
    await expect(smtpMail({ url: 'smtp://127.0.0.1:1', from }).send(message)).rejects.toThrow(/ECONNREFUSED/);
    await expect(smtpMail({ url: url.replace('secret', 'wrong'), from }).send(message)).rejects.toThrow();
  });

  test('lets nobody add recipients or headers by a line break', async () => {
    const bad = { ...message, subject: 'Hi\r\nBcc: eve@example.com', to: 'ada@example.com\r\nBcc: eve@example.com' };
    await smtpMail({ url, from })
      .send(bad)
      .catch(() => undefined);
    for (const { to, raw } of received) {
      expect(to.filter((address) => address.includes('eve'))).toEqual([]);
      expect(raw).not.toMatch(/^Bcc:/m);
    }
  });

  test('is chosen when SMTP_URL is set', async () => {
    await openMail(readConfig({ SMTP_URL: url }), '/nowhere').send(message);
    expect(received).toHaveLength(1);
  });
});

describe('The local outbox', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marquee-mail-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('writes each mail once, to be read by programs and to be opened', async () => {
    const mail = outboxMail({ folder: join(folder, 'mail'), from });
    await mail.send(message);
    await mail.send(message);
    const names = await readdir(join(folder, 'mail'));
    expect(names.map((name) => name.split('.')[1]).sort()).toEqual(['eml', 'json']);
    const json = names.find((name) => name.endsWith('.json')) ?? '';
    expect(JSON.parse(await readFile(join(folder, 'mail', json), 'utf8'))).toEqual({ ...message, from });
    const eml = await readFile(join(folder, 'mail', json.replace('.json', '.eml')), 'utf8');
    expect(eml).toContain(`Message-ID: <${message.messageId}>`);
    expect(mail.latest()).toEqual([message]);
  });

  test('is chosen when nothing else is set', async () => {
    await openMail(readConfig({}), folder).send(message);
    expect(await readdir(join(folder, 'mail'))).toHaveLength(2);
  });
});

describe('Templates', () => {
  const template = { subject: 'Hello {{name}}', text: '{{name}}: {{link}}', html: '<a href="{{link}}">{{name}}</a>' };

  test('escape what is filled in where it is HTML, and keep subjects on one line', () => {
    const mail = filled(template, { name: '<b>"A"</b>\n&', link: 'https://x.example/?a=1&b=2' });
    expect(mail.subject).toBe('Hello <b>"A"</b> &');
    expect(mail.html).toBe('<a href="https://x.example/?a=1&amp;b=2">&lt;b&gt;&quot;A&quot;&lt;/b&gt;\n&amp;</a>');
    expect(mail.text).toContain('https://x.example/?a=1&b=2');
  });

  test('fill in no placeholder that a value brings along, and miss none', () => {
    expect(filled(template, { name: '{{link}}', link: '$&' }).text).toBe('{{link}}: $&');
    expect(() => filled(template, { name: 'Ada' })).toThrow('{{link}}');
  });
});
