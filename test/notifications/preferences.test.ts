import { afterAll, describe, expect, test } from 'vitest';
import { HOUR } from '../../shared/platform/clock.ts';
import type { Message } from '../../shared/platform/mail.ts';
import { facts, sendQueued, tick } from './mailing.ts';
import { closeDesks, desk } from './support.ts';

afterAll(closeDesks);

describe('When mail leaves is the user’s to say (REQ-NTF-015)', () => {
  test('REQ-NTF-015 preferences: defaults, PUT whole, PATCH in part, If-Match, what is no time or zone', async () => {
    const here = await desk();
    const user = await here.user('viewer');
    const before = await user.get('notifications/preferences');
    expect(before.body.categories.staff).toEqual({
      inApp: { on: true, minimum: 'low' },
      email: { on: true, minimum: 'high' },
    });
    const quietHours = { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin' };
    const put = await user.put('notifications/preferences', { quietHours });
    expect(put.body.quietHours).toMatchObject({ ...quietHours, urgentPasses: true });
    const etag = { 'if-match': before.headers.get('etag') ?? '' };
    expect((await user.put('notifications/preferences', {}, etag)).status).toBe(412);
    const patched = await user.patch('notifications/preferences', { digest: { every: 'weekly', day: 'friday' } });
    expect(patched.body).toMatchObject({ quietHours, digest: { every: 'weekly', day: 'friday', at: '08:00' } });
    expect((await user.get('notifications/preferences')).body).toEqual(patched.body);
    for (const wrong of [
      { quietHours: { ...quietHours, to: '22:00' } },
      { quietHours: { ...quietHours, from: '24:00' } },
      { quietHours: { ...quietHours, timeZone: 'Mars/Olympus' } },
      { categories: { weather: {} } },
      { digest: { every: 'hourly' } },
    ]) {
      expect((await user.put('notifications/preferences', wrong)).status, JSON.stringify(wrong)).toBe(400);
    }
    expect((await facts(here, 'NotificationPreferencesChanged')).length).toBe(2);
  });

  test('REQ-NTF-015 channels and their minimum: in-app alone, mail alone, none', async () => {
    const here = await desk();
    const user = await here.user('staff');
    const { userId } = user.actor;
    await user.patch('notifications/preferences', {
      categories: {
        events: { inApp: { minimum: 'high' }, email: { minimum: 'normal' } },
        staff: { inApp: { on: false }, email: { on: false } },
      },
    });
    await here.told(userId, { category: 'events', priority: 'normal', title: 'by mail alone' });
    await here.told(userId, { category: 'events', priority: 'low', title: 'not at all' });
    await here.told(userId, { category: 'staff', priority: 'urgent', title: 'neither' });
    await here.told(userId, { category: 'system', priority: 'low', title: 'in-app alone' });
    const { body } = await user.get('notifications');
    expect(body.data.map(({ title }: { title: string }) => title)).toEqual(['in-app alone']);
    await sendQueued(here);
    expect(here.platform.mail.sent.map(({ subject }) => subject)).toEqual(['by mail alone']);
  });

  test('REQ-NTF-015 quiet hours hold mail back until they end, over the night the clocks change; urgent passes', async () => {
    const here = await desk('2026-10-24T21:30:00Z');
    const user = await here.user('staff');
    await user.put('notifications/preferences', {
      quietHours: { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin' },
    });
    await here.told(user.actor.userId, { priority: 'high', title: 'held' });
    await here.told(user.actor.userId, { priority: 'urgent', title: 'urgent' });
    await sendQueued(here);
    const subjects = () => here.platform.mail.sent.map(({ subject }) => subject);
    expect(subjects()).toEqual(['urgent']);
    expect((await user.get('notifications/unread-count')).body.total).toBe(2);
    here.platform.clock.set('2026-10-25T05:59:00Z');
    await tick(here);
    expect(subjects()).toEqual(['urgent']);
    here.platform.clock.set('2026-10-25T06:00:00Z');
    await Promise.all([tick(here), tick(here, here.platform.twin())]);
    await tick(here);
    expect(subjects()).toEqual(['urgent', 'held']);
  });

  test('REQ-NTF-015 a digest is one mail of all there was, from two processes at once, at its local time', async () => {
    const here = await desk('2026-11-20T09:00:00Z');
    const user = await here.user('staff');
    const { userId } = user.actor;
    await user.put('notifications/preferences', { digest: { every: 'daily', at: '08:00', timeZone: 'Europe/Berlin' } });
    const twin = here.platform.twin();
    await Promise.all(
      ['one', 'two <i>', 'three', 'four'].map((title, at) =>
        here.told(userId, { priority: 'high', title, ...(at % 2 ? { on: twin } : {}) }),
      ),
    );
    await here.told(userId, { priority: 'urgent', title: 'at once' });
    await sendQueued(here);
    expect(here.platform.mail.sent.map(({ subject }) => subject)).toEqual(['at once']);
    here.platform.clock.set('2026-11-21T06:59:00Z');
    await tick(here);
    here.platform.clock.set('2026-11-21T07:00:00Z');
    await Promise.all([tick(here), tick(here, twin)]);
    expect(here.platform.mail.sent).toHaveLength(2);
    const digest = here.platform.mail.sent[1];
    expect(digest?.subject).toBe('4 notifications from Marquee');
    for (const title of ['one', 'two <i>', 'three', 'four']) expect(digest?.text).toContain(title);
    expect(digest?.html).toContain('two &lt;i&gt;');
    expect(digest?.html).not.toContain('{{');
    await here.told(userId, { priority: 'high', title: 'five' });
    here.platform.clock.set('2026-11-22T07:00:00Z');
    await tick(here);
    expect(here.platform.mail.sent[2]?.subject).toBe('One notification from Marquee');
  });

  test('REQ-NTF-015 an outage longer than the wait only makes it later', async () => {
    const here = await desk('2026-11-20T22:00:00Z');
    const user = await here.user('staff');
    await user.put('notifications/preferences', { quietHours: { from: '22:00', to: '07:00', timeZone: 'Etc/UTC' } });
    await here.told(user.actor.userId, { priority: 'high', title: 'held' });
    // In quiet hours again.
    here.platform.clock.set('2026-11-23T23:00:00Z');
    await tick(here);
    expect(here.platform.mail.sent).toEqual([]);
    here.platform.clock.set('2026-11-24T12:00:00Z');
    await tick(here);
    expect(here.platform.mail.sent.map(({ subject }) => subject)).toEqual(['held']);
  });
});

describe('The way out (REQ-NTF-015)', () => {
  const linkIn = ({ headers = {} }: Pick<Message, 'headers'>) =>
    /<(.*)>/.exec(headers['List-Unsubscribe'] ?? '')?.[1]?.replace(/^.*\/api\//, '') ?? '';

  test('REQ-NTF-015 one click turns off mail of that category, and looking does not', async () => {
    const here = await desk();
    const user = await here.user('staff');
    const { userId } = user.actor;
    await here.told(userId, { priority: 'high' });
    await sendQueued(here);
    const link = linkIn(here.platform.mail.sent[0] ?? {});
    const email = async () => (await user.get('notifications/preferences')).body.categories.events.email.on;
    const asked = await user.get(link);
    expect([asked.status, asked.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(asked.text).toContain('mail about events');
    expect(asked.headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(await email()).toBe(true);
    const [path = '', search = ''] = link.split('?');
    // As a mail program does it: a form, nobody signed in.
    const form = await user.send('POST', path, {
      query: Object.fromEntries(new URLSearchParams(search)),
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: '' },
    });
    expect([form.status, form.text.includes('no more mail about events')]).toEqual([200, true]);
    expect(await email()).toBe(false);
    expect((await user.post(link)).status).toBe(200);
    await here.told(userId, { priority: 'high', title: 'again' });
    await here.told(userId, { priority: 'high', title: 'other', category: 'system' });
    await sendQueued(here);
    expect(here.platform.mail.sent.map(({ subject }) => subject)).toEqual(['Something happened', 'other']);
  });

  test('REQ-NTF-015 from a digest it turns all mail off', async () => {
    const here = await desk();
    const user = await here.user('staff');
    await user.put('notifications/preferences', { digest: { every: 'daily' } });
    await here.told(user.actor.userId, { priority: 'high' });
    here.platform.clock.advance(24 * HOUR);
    await tick(here);
    expect((await user.post(linkIn(here.platform.mail.sent[0] ?? {}))).text).toContain('no more mail.');
    const { categories } = (await user.get('notifications/preferences')).body;
    expect(Object.values(categories).map((one) => (one as { email: { on: boolean } }).email.on)).not.toContain(true);
  });

  test('REQ-NTF-015 a link that is not ours, or was changed, is none', async () => {
    const here = await desk();
    const user = await here.user('staff');
    await here.told(user.actor.userId, { priority: 'high' });
    await sendQueued(here);
    const link = linkIn(here.platform.mail.sent[0] ?? {});
    const changed = `${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}x`;
    for (const bad of [changed, 'notifications/unsubscribe?token=x']) {
      expect((await user.get(bad)).status).toBe(404);
      expect((await user.post(bad)).status).toBe(404);
    }
    expect((await user.get('notifications/unsubscribe?token=%22%3E')).status).toBe(400);
  });
});
