import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { type Local, startLocal } from '../../infra/local/compose.ts';
import { mailTemplates } from '../../infra/local/mail-templates.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { outboxMail } from '../../shared/platform/mail.outbox.ts';
import { PASSWORD, startTestHost, type TestHost } from '../support/host.ts';
import { silentLog } from '../support/platform.ts';

describe('The whole way, behind real HTTP', () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await startTestHost();
  }, 60_000);
  afterAll(() => host.close());

  const signIn = (username: string, userAgent: string) =>
    fetch(`${host.origin}/api/identity/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': userAgent },
      body: JSON.stringify({ username, password: PASSWORD }),
    });
  const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

  async function titles(token: string): Promise<string[]> {
    const answer = await fetch(`${host.origin}/api/notifications`, { headers: { authorization: `Bearer ${token}` } });
    const { data } = (await answer.json()) as { data: { title: string }[] };
    return data.map(({ title }) => title);
  }

  test('REQ-NTF-022 a sign-in from a device that was not seen before is told, in-app and by mail; one that was is not', async () => {
    const { admin } = await host.organization();
    await host.settled();
    const before = host.mail.sent.length;
    expect((await signIn(admin.username, FIREFOX)).status).toBe(200);
    await host.settled();
    expect(await titles(admin.token)).toContain('A sign-in from a new device');
    expect(host.mail.sent.slice(before).map(({ to, subject }) => [to, subject])).toEqual([
      [admin.username, 'A sign-in from a new device'],
    ]);
    expect(host.mail.sent.at(-1)?.text).toContain('Firefox on Linux');
    await signIn(admin.username, FIREFOX.replaceAll('140.0', '141.0'));
    await host.settled();
    expect(host.mail.sent.length).toBe(before + 1);
  });

  test('REQ-NTF-022 an invitation is mailed, logged without its link, and the newcomer welcomed', async () => {
    const organization = await host.organization();
    const staff = await organization.as('staff');
    await host.settled();
    expect(await titles(staff.token)).toContain('Welcome to Marquee');
    const { items } = await host.platform.store.query('notifications', [organization.orgId], {
      kind: 'mail',
      limit: 10,
    });
    const logged = items.map(({ document }) => document.body as { about: string; state: string });
    expect(logged).toMatchObject([{ about: 'identity', state: 'sent' }]);
    expect(JSON.stringify(logged)).not.toMatch(/token=|@.*example/);
  });

  test('REQ-NTF-020 submitting an event asks its approvers, and approving it tells who made it', async () => {
    const organization = await host.organization();
    const { worldOf } = await import('../http/world.ts');
    const world = await worldOf(host, organization);
    const manager = await organization.as('manager');
    const event = await world.event(['submit-for-approval']);
    await host.settled();
    expect((await titles(manager.token))[0]).toContain('waits for approval');
    const { response } = await manager.api.POST('/api/events/{eventId}/approve', {
      params: { path: { eventId: event.id } },
    });
    expect(response.status).toBe(200);
    await host.settled();
    expect((await titles(organization.admin.token))[0]).toContain('is approved');
    expect((await titles(manager.token))[0]).toContain('waits for approval');
  });
});

describe('/dev/mail on the local host', () => {
  const opened: Local[] = [];
  const folders: string[] = [];
  afterAll(async () => {
    for (const local of opened) await local.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  async function started(env: Readonly<Record<string, string>> = {}): Promise<{ local: Local; folder: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'marquee-dev-mail-'));
    folders.push(folder);
    const settings = { DATA_DIR: folder, PORT: '0', SEED: 'none', BLOB_CONNECTION: inject('azurite'), ...env };
    const local = await startLocal({ config: readConfig(settings), log: silentLog, timers: false });
    opened.push(local);
    return { local, folder };
  }

  test('shows what was mailed, newest first, and runs nothing of it', async () => {
    const { local, folder } = await started();
    const page = () => fetch(`${local.host.origin}/dev/mail`);
    expect(await (await page()).text()).toContain('None yet');
    const mail = outboxMail({ folder: join(folder, 'mail'), from: 'Marquee <no-reply@marquee.example>' });
    const html = '<p>Hi</p><script>alert(1)</script>';
    await mail.send({ to: 'ada@example.com', subject: '<Hello>', text: 'Hi & bye', html, messageId: 'a@marquee' });
    // Cut off by a full disk, not ours, gone.
    await writeFile(join(folder, 'mail', 'cut.json'), '{"to":');
    await writeFile(join(folder, 'mail', 'other.json'), '[]');
    await symlink('nowhere', join(folder, 'mail', 'gone.json'));
    const answer = await page();
    const text = await answer.text();
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(text).toContain('&lt;Hello&gt;</strong> to ada@example.com');
    expect(text).toContain('Hi &amp; bye');
    // Its links lead to pages that are not here; where their tokens go instead is.
    const paths = routes.map(({ method, path }) => `${method} /api/${path}`);
    for (const route of ['POST /api/invitations/accept', 'POST /api/identity/reset-password']) {
      expect(text).toContain(route);
      expect(paths).toContain(route);
    }
    expect(text).toContain('sandbox="" srcdoc="&lt;p&gt;Hi');
    expect(text).not.toContain('<script>');
  });

  test('is not there where mail leaves, for a host of another name, nor for anything but GET', async () => {
    const { local: sends } = await started({ SMTP_URL: 'smtp://127.0.0.1:1' });
    expect((await fetch(`${sends.host.origin}/dev/mail`)).status).toBe(404);
    const { local } = await started();
    expect((await fetch(`${local.host.origin}/dev/mail`, { method: 'POST' })).status).toBe(404);
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      const { port } = new URL(local.host.origin);
      const asked = request(
        { port, host: '127.0.0.1', path: '/dev/mail', headers: { host: 'evil.example' } },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      asked.on('error', reject).end();
    });
    expect(status).toBe(404);
  });
});

describe('Mail templates', () => {
  test.each(['shared/identity/mail', 'shared/notifications/mail'])(
    'are compiled as they are written: %s',
    async (folder) => {
      expect(await readFile(join(folder, 'templates.ts'), 'utf8')).toBe(await mailTemplates(folder));
    },
  );

  test('no mail fetches anything: no fonts, no pictures, no scripts', async () => {
    for (const folder of ['shared/identity/mail', 'shared/notifications/mail']) {
      const text = await readFile(join(folder, 'templates.ts'), 'utf8');
      expect(text).not.toMatch(/<img|<script|<link|@import|url\(/);
    }
  });
});
