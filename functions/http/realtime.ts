/** Real time: where a client connects to be told at once (spec chapter 07). */
import * as z from 'zod';
import { Instant } from '../../shared/platform/fields.ts';
import { type Route, route } from '../../shared/platform/route.ts';

const RealtimeAccess = z
  .object({
    url: z.string().meta({
      description: 'For a Web PubSub client (`@azure/web-pubsub-client`); holds a token, so it is as secret as one',
    }),
    expiresAt: Instant.meta({ description: 'Until when the address lets a client in; what is open stays open' }),
  })
  .meta({ id: 'RealtimeAccess' });

const negotiate = route({
  method: 'POST',
  path: 'realtime/negotiate',
  tag: 'Notifications',
  access: 'signedIn',
  summary: 'An address to connect to for your notifications (REQ-NTF-010)',
  description:
    'Messages are JSON, `{ type, data }`. The socket is closed when the session ends. A client that connects again asks for a new address.',
  status: 200,
  secret: true,
  tokenInQuery: true,
  refusals: ['unavailable'],
  reply: RealtimeAccess,
  handle: async (_, { platform, actor }) => ({ body: await platform.realtime.negotiate(actor) }),
});

export const realtimeRoutes: readonly Route[] = [negotiate];
