import { type AddressInfo, createServer, type Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { users } from '../../shared/identity/model.ts';
import { MOST_TRIES } from '../../shared/notifications/trying.ts';
import { HOUR, MINUTE } from '../../shared/platform/clock.ts';
import { smtpMail } from '../../shared/platform/mail.smtp.ts';
import type { Message } from '../../shared/platform/mail.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Person } from '../support/callers.ts';
import { Crash } from '../support/faults.ts';
import { onFreePort } from '../support/servers.ts';
import { facts, log, sendQueued, tick } from './mailing.ts';
import { closeDesks, type Desk, desk } from './support.ts';

const servers: SMTPServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()));
});
afterAll(closeDesks);

/** A mail server on loopback; `answers` says what each mail gets (undefined: taken). */
async function mailServer(answers: () => Error | undefined = () => undefined) {
  const received: { raw: string; to: string[] }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const refusal = answers();
        if (refusal) return done(refusal);
        received.push({ raw: Buffer.concat(chunks).toString(), to: envelope.rcptTo.map(({ address }) => address) });
        done();
      });
    },
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { received, mail: smtpMail({ url: `smtp://127.0.0.1:${port}`, from: 'Marquee <no-reply@marquee.example>' }) };
}

const over = (here: Desk, mail: Platform['mail']): Platform => ({ ...here.platform, mail });

describe('A mail leaves once, over SMTP, and is logged without what it said (REQ-NTF-015)', () => {
  test('REQ-NTF-020 HTML and text, a Message-ID of the fact, and a way out in one click', async () => {
    const here = await desk();
    const user = await here.user('staff', { email: 'ada@example.com', displayName: 'Ada <b>' });
    const factId = '0193b0a0-7c1e-7000-8000-00000000000a';
    await here.told(user.actor.userId, { priority: 'high', title: 'Truck & <trailer>', factId });
    const { received, mail } = await mailServer();
    await sendQueued(here, over(here, mail), over(here, mail));
    await sendQueued(here, over(here, mail));
    expect(received).toHaveLength(1);
    // Long headers are folded.
    const raw = (received[0]?.raw ?? '').replace(/\r\n[ \t]+/g, ' ');
    expect(received[0]?.to).toEqual(['ada@example.com']);
    expect(raw).toContain(`Message-ID: <${factId}.${user.actor.userId}@marquee>`);
    expect(raw).toContain('Subject: Truck & <trailer>');
    expect(raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click/m);
    expect(raw).toMatch(/^List-Unsubscribe:\s+<https:\/\/marquee\.example\/api\/notifications\/unsubscribe\?token=/m);
    expect(raw).toContain('Auto-Submitted: auto-generated');
    expect(raw).toContain('multipart/alternative');
    expect(raw.replace(/=\r\n/g, '')).toContain('Truck &amp; &lt;trailer&gt;');
    expect(raw).not.toContain('{{');
    const [logged] = await log(here, user);
    expect(logged).toMatchObject({ state: 'sent', attempts: 1, about: 'events' });
    expect(JSON.stringify(logged)).not.toContain('Truck');
    expect(JSON.stringify(logged)).not.toContain('ada@');
  });

  test('REQ-NTF-020 is tried again with growing pauses while the server does not take it, then has failed', async () => {
    const here = await desk();
    const user = await here.user('staff');
    await here.told(user.actor.userId, { priority: 'high' });
    const { received, mail } = await mailServer(() => Object.assign(new Error('busy'), { responseCode: 451 }));
    await sendQueued(here, over(here, mail));
    const pauses: number[] = [];
    for (let tries = 1; tries < MOST_TRIES; tries += 1) {
      const [waiting] = await log(here, user);
      expect(waiting).toMatchObject({ state: 'queued', attempts: tries });
      expect(waiting?.reason).toContain('busy');
      const pause = Date.parse(waiting?.dueAt ?? '') - here.platform.clock.time();
      pauses.push(pause);
      await tick(here, over(here, mail));
      expect((await log(here, user))[0]?.attempts).toBe(tries);
      here.platform.clock.advance(pause);
      await tick(here, over(here, mail));
    }
    expect(received).toEqual([]);
    expect(pauses[0]).toBeLessThanOrEqual(MINUTE);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(HOUR / 2);
    const [failed] = await log(here, user);
    expect(failed).toMatchObject({ state: 'failed', attempts: MOST_TRIES });
    expect(failed?.items).toBeUndefined();
    expect((await facts(here, 'MailFailed')).map(({ data }) => data.userId)).toEqual([user.actor.userId]);
    here.platform.clock.advance(24 * HOUR);
    await tick(here);
    expect(here.platform.mail.sent).toEqual([]);
  });

  test('REQ-NTF-020 a server that was away takes it at the next try', async () => {
    const here = await desk();
    const user = await here.user('staff');
    await here.told(user.actor.userId, { priority: 'high' });
    let away = true;
    const { received, mail } = await mailServer(() => (away ? new Error('away') : undefined));
    await sendQueued(here, over(here, mail));
    away = false;
    here.platform.clock.advance(MINUTE);
    await Promise.all([tick(here, over(here, mail)), tick(here, { ...here.platform.twin(), mail })]);
    expect(received).toHaveLength(1);
    expect(await log(here, user)).toMatchObject([{ state: 'sent', attempts: 2 }]);
  });

  test.each([
    ['that says nothing', ''],
    ['that greets and says no more', '220 hello\r\n'],
    ['that goes on talking', '220-hello\r\n'],
  ])('REQ-NTF-020 a server %s holds up nothing: the mail is tried again', async (_, word) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(word);
      const talking = setInterval(() => word.includes('-') && socket.write(word), 20);
      socket.on('close', () => clearInterval(talking));
      silent.push(socket);
    });
    const silent: Socket[] = [];
    const { port } = await onFreePort(server);
    const here = await desk('2026-11-20T09:00:00Z');
    const user = await here.user('staff', { email: 'ada@example.com' });
    await here.told(user.actor.userId, { priority: 'high' });
    await sendQueued(here, over(here, smtpMail({ url: `smtp://127.0.0.1:${port}`, from: 'm@x.example', within: 200 })));
    expect(await log(here, user)).toMatchObject([
      { state: 'queued', attempts: 1, reason: expect.stringContaining('not answered within 200 ms') },
    ]);
    for (const socket of silent) socket.destroy();
    server.close();
  });

  test('REQ-NTF-020 mails about the same fact do not wait for each other', async () => {
    const here = await desk();
    const users = await Promise.all(['ada', 'bob'].map((name) => here.user('staff', { email: `${name}@example.com` })));
    const factId = '0193b0a0-7c1e-7000-8000-00000000000c';
    for (const { actor } of users) await here.told(actor.userId, { priority: 'high', factId });
    // Facts of one subject are delivered one after another.
    const queued = await facts(here, 'MailQueued');
    expect(new Set(queued.map(({ subject }) => subject)).size).toBe(2);
    const { received, mail } = await mailServer();
    await sendQueued(here, over(here, mail));
    expect(received.flatMap(({ to }) => to).sort()).toEqual(['ada@example.com', 'bob@example.com']);
  });

  test('REQ-NTF-020 a crash between the server and the log: once more later, under the same Message-ID', async () => {
    const here = await desk();
    const user = await here.user('staff');
    await here.told(user.actor.userId, { priority: 'high' });
    const sent: Message[] = [];
    const dying: Platform = {
      ...here.platform,
      mail: {
        async send(message) {
          sent.push(message);
          dead = true;
        },
      },
      store: {
        ...here.platform.store,
        async commit(...args) {
          if (dead) throw new Crash('The process is dead');
          return here.platform.store.commit(...args);
        },
      },
    };
    let dead = false;
    await expect(sendQueued(here, dying)).rejects.toThrow(Crash);
    await sendQueued(here);
    await tick(here);
    expect(here.platform.mail.sent).toEqual([]);
    here.platform.clock.advance(5 * MINUTE);
    await tick(here);
    expect(here.platform.mail.sent.map(({ messageId }) => messageId)).toEqual([sent[0]?.messageId]);
    expect(await log(here, user)).toMatchObject([{ state: 'sent' }]);
  });

  test('REQ-NTF-020 has failed where no try is heard of: it is not tried for ever', async () => {
    const here = await desk();
    const user = await here.user('staff');
    await here.told(user.actor.userId, { priority: 'high' });
    // As a mail that brings down whoever writes it would: nothing is written down after the try has begun.
    let begun = 0;
    const dying = (): Platform => {
      let commits = 0;
      const { store } = here.platform;
      const mortal: Platform['store'] = {
        ...store,
        async commit(...args) {
          commits += 1;
          begun += 1;
          if (commits > 1) throw new Crash('The process is dead');
          return store.commit(...args);
        },
      };
      return { ...here.platform, store: mortal, mail: { send: () => Promise.reject(new Error('no matter')) } };
    };
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      await tick(here, dying());
      here.platform.clock.advance(5 * MINUTE);
    }
    expect(begun).toBe(2 * MOST_TRIES);
    expect(await log(here, user)).toMatchObject([{ state: 'queued', attempts: MOST_TRIES }]);
    await tick(here);
    expect(here.platform.mail.sent).toEqual([]);
    const [failed] = await log(here, user);
    expect(failed).toMatchObject({ state: 'failed', attempts: MOST_TRIES, reason: 'no try came to an end' });
    expect(failed?.items).toBeUndefined();
    expect(await facts(here, 'MailFailed')).toHaveLength(1);
  });

  test('REQ-NTF-015 is suppressed when the user has gone, lost its address or turned it off meanwhile', async () => {
    const here = await desk();
    const people = [await here.user('staff'), await here.user('staff'), await here.user('staff')];
    for (const { actor } of people) await here.told(actor.userId, { priority: 'high' });
    const [gone, off, left] = people as [Person, Person, Person];
    await here.scope
      .of(users)
      .execute(gone.actor.userId, () => [
        { type: 'UserAccountDeactivated', data: { changes: { status: { from: 'active', to: 'suspended' } } } },
      ]);
    await off.patch('notifications/preferences', { categories: { events: { email: { on: false } } } });
    await here.scope
      .of(users)
      .execute(left.actor.userId, () => [
        { type: 'UserAccountUpdated', data: { changes: { email: { from: 'x', to: null } } } },
      ]);
    await sendQueued(here);
    expect(here.platform.mail.sent).toEqual([]);
    for (const person of people) {
      const [mail] = await log(here, person);
      expect(mail).toMatchObject({ state: 'suppressed' });
      expect(mail?.items).toBeUndefined();
    }
  });
});
