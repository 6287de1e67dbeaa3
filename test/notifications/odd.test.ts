import { afterAll, expect, test } from 'vitest';
import { everybody } from './everybody.ts';
import { closeDesks } from './support.ts';

afterAll(closeDesks);

test.each([
  ['of many wide characters', `The ${'🎪'.repeat(97)}!`],
  ['of markup and placeholders', `<b onclick="x">{{venue}}</b> {{#items}} ${'& '.repeat(70)}`],
  ['that is read from the right', `حفل الربيع ${'ربيع '.repeat(37)}`.trim()],
])('REQ-NTF-020 a title %s: what happened is said, and no character is cut in two', async (_, title) => {
  const { here, eventId, toldBy } = await everybody();
  const stored = await here.scope.documents('events').read(eventId);
  if (!stored) throw new Error('No event');
  const body = stored.document.body as { state: object };
  const document = { ...stored.document, body: { ...body, state: { ...body.state, title } } };
  await here.scope.documents('events').commit([{ op: 'upsert', document }]);
  const { customer } = await toldBy(
    here.fact('EventCancelled', { source: 'event', subject: eventId, data: { reason: '🎪'.repeat(1500) } }),
  );
  expect(customer?.title).toMatch(/is cancelled$/);
  expect(customer?.title.slice(0, 60)).toBe(title.slice(0, 60));
  for (const text of [customer?.title ?? '', customer?.message ?? '']) {
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toContain('\ufffd');
  }
  expect(customer?.title.length).toBeLessThanOrEqual(200);
});
