/** What the timers over due things do with one that was deleted since it was found, and with one that fails. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventClock } from '../../functions/timers/event-clock.ts';
import { eventReminders } from '../../functions/timers/event-reminders.ts';
import { preventiveMaintenance } from '../../functions/timers/preventive-maintenance.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Store } from '../../shared/platform/store.ts';
import { silentLog, type TestPlatform, testPlatform, testScope } from '../support/platform.ts';

const ORG = '0193b0a0-7c1e-7000-8000-000000000009';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await testPlatform();
});
afterAll(() => platform.close());

/** What is logged when all that was found is of these ids, which are not there. */
async function logged(timer: typeof eventClock, ids: readonly string[], read: Store['read']): Promise<object[]> {
  const errors: object[] = [];
  const log: Log = { ...silentLog, error: (about) => void errors.push(about) };
  const items = ids.map((id) => ({ document: { id, kind: 'due', body: { state: { orgId: ORG } } }, etag: '1' }));
  const store: Store = { ...platform.store, read, query: async () => ({ items }) };
  await timer.handle(testScope({ ...platform, store, log }, ''));
  return errors;
}

describe.each([
  [eventClock.name, eventClock, 'eventId'],
  [eventReminders.name, eventReminders, 'eventId'],
  [preventiveMaintenance.name, preventiveMaintenance, 'equipmentId'],
] as const)('%s', (_, timer, idName) => {
  test('leaves alone what was deleted since it was found', async () => {
    expect(await logged(timer, ['gone'], platform.store.read)).toEqual([]);
  });

  test('says what fails, whose it is and in which run, and goes on', async () => {
    const err = new Error('Planted');
    const read: Store['read'] = async (container, partition, id) => {
      if (id === 'bad' || id === 'worse') throw err;
      return platform.store.read(container, partition, id);
    };
    const about = { orgId: ORG, correlationId: 'test', err };
    expect(await logged(timer, ['bad', 'gone', 'worse'], read)).toEqual([
      { ...about, [idName]: 'bad' },
      { ...about, [idName]: 'worse' },
    ]);
  });
});
