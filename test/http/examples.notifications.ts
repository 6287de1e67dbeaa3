/** Requests to notifications that succeed. */
import type { Example } from './examples.ts';
import { type Made, send } from './world.ts';

/** Whoever asks is told something, and the newest of what it was told is meant. */
const onNotification: Example = async (world, host, user) => {
  const body = { userIds: [user.userId], type: 'info', category: 'system', title: 'Hello', message: 'Welcome' };
  await world.make('notifications', { body });
  await host.settled();
  const page = await send(host, user, 'GET', 'notifications', { query: 'limit=1' });
  const { data } = (await page.json()) as { data: Made[] };
  return { params: { notificationId: data[0]?.id ?? '' } };
};
const nothing: Example = () => ({});

export const notificationExamples: Readonly<Record<string, Example>> = {
  'GET notifications': nothing,
  'POST notifications': () => ({
    body: { roles: ['admin'], type: 'info', category: 'system', title: 'Hello', message: 'The lift is out of order' },
  }),
  'GET notifications/unread-count': nothing,
  'GET notifications/preferences': nothing,
  'PUT notifications/preferences': () => ({ body: { digest: { every: 'daily', at: '07:30' } } }),
  'PATCH notifications/preferences': () => ({ body: { categories: { staff: { email: { on: false } } } } }),
  'PUT notifications/read-all': () => ({ body: { category: 'events' } }),
  'GET notifications/{notificationId}': onNotification,
  'PUT notifications/{notificationId}/read': onNotification,
  'DELETE notifications/{notificationId}': onNotification,
};
