/** What mail that was held back says when it leaves (REQ-NTF-015). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { events } from '../../shared/events/model.ts';
import { sendMail } from '../../shared/notifications/sending.ts';
import type { Changes } from '../../shared/platform/changes.ts';
import type { Person } from '../support/callers.ts';
import { type Everybody, everybody } from './everybody.ts';
import { log, tick } from './mailing.ts';
import { closeDesks } from './support.ts';

let all: Everybody;
let assigned: Person;
beforeAll(async () => {
  all = await everybody();
  const { people } = all;
  if (!people.assigned) throw new Error('Nobody there');
  assigned = people.assigned;
  const quietHours = { from: '22:00', to: '07:00', timeZone: 'Etc/UTC' };
  expect((await assigned.patch('notifications/preferences', { quietHours })).status).toBe(200);
});
afterAll(closeDesks);

/** The event becomes another, and nobody is told. */
async function changed(changes: Changes): Promise<void> {
  await all.here.scope.of(events).execute(all.eventId, () => [{ type: 'EventDetailsUpdated', data: { changes } }]);
}

async function happens(type: string, data: object = {}): Promise<string> {
  const fact = all.here.fact(type, { source: 'event', subject: all.eventId, data: { ...data } });
  await all.here.react('notify', fact);
  return fact.id;
}

const logged = async (factId: string) =>
  (await log(all.here, assigned)).find(({ messageId }) => messageId.startsWith(factId));
const mailed = (factId: string) =>
  all.here.platform.mail.sent.find(({ messageId }) => messageId === `${factId}.${assigned.actor.userId}@marquee`);

describe('Mail that was held back', () => {
  test('REQ-NTF-015 says when and what the event is now, and keeps what happened', async () => {
    const { here } = all;
    here.platform.clock.set('2026-11-20T23:00:00Z');
    const factId = await happens('EventRejected', { reason: 'No {{when}} & no music' });
    expect(await logged(factId)).toMatchObject({ state: 'queued', dueAt: '2026-11-21T07:00:00Z' });
    await changed({
      startsAt: { from: '2026-12-01T18:00:00Z', to: '2026-12-08T10:00:00Z' },
      endsAt: { from: '2026-12-01T21:00:00Z', to: '2026-12-08T12:00:00Z' },
      title: { from: 'Spring gala', to: 'Winter gala {{x}}' },
    });
    here.platform.clock.set('2026-11-21T07:00:00Z');
    await tick(here);
    const mail = mailed(factId);
    expect(mail?.subject).toBe('Winter gala {{x}} was not approved');
    expect(mail?.text).toContain('Tue 8 Dec 2026, 11:00 (Europe/Berlin). Reason: No {{when}} & no music');
    expect(`${mail?.text}${mail?.html}`).not.toContain('1 Dec');
    // In the page it stays as it was told.
    const { body } = await assigned.get('notifications');
    expect(body.data[0]).toMatchObject({ title: 'Spring gala was not approved' });
    expect(Object.keys(body.data[0])).not.toContain('anew');
  });

  test('REQ-NTF-015 in a digest, too', async () => {
    const { here } = all;
    here.platform.clock.set('2026-11-21T08:00:00Z');
    await assigned.patch('notifications/preferences', { digest: { every: 'daily', at: '12:00', timeZone: 'Etc/UTC' } });
    await happens('EventReinstated');
    await changed({ startsAt: { from: '2026-12-08T10:00:00Z', to: '2026-12-08T11:00:00Z' } });
    here.platform.clock.set('2026-11-21T12:00:00Z');
    await tick(here);
    const digest = here.platform.mail.sent.find(({ messageId }) => messageId.startsWith('digest.'));
    expect(digest?.text).toContain('Tue 8 Dec 2026, 12:00 (Europe/Berlin)');
    await assigned.patch('notifications/preferences', { digest: { every: 'off' } });
  });

  test('REQ-NTF-023 a reminder says how long is left, and is left out where the event was moved', async () => {
    const { here } = all;
    const startsAt = '2026-12-08T11:00:00Z';
    here.platform.clock.set('2026-12-08T00:00:00Z');
    const data = { lead: 'P1D', startsAt, late: false };
    const [kept, moved] = [await happens('EventReminderDue', data), await happens('EventReminderDue', data)];
    here.platform.clock.set('2026-12-08T07:00:00Z');
    expect(await logged(kept)).toMatchObject({ state: 'queued', dueAt: '2026-12-08T07:00:00Z' });
    await sendMail(here.scope, assigned.actor.userId, `mail:${kept}`);
    expect(mailed(kept)?.subject).toBe('Winter gala {{x}} begins in 4 hours');
    await changed({ startsAt: { from: startsAt, to: '2026-12-09T11:00:00Z' } });
    await tick(here);
    expect(mailed(moved)).toBeUndefined();
    expect(await logged(moved)).toMatchObject({ state: 'suppressed', reason: 'it reminds of a time that is no more' });
  });
});
