/** Real time over Azure Web PubSub, or over the local endpoint through the very same protocol. The SDK loads on first use. */
import { createSecretKey } from 'node:crypto';
import type { JSONTypes, WebPubSubServiceClient } from '@azure/web-pubsub';
import { decodeJwt } from 'jose';
import { instantOf, SECOND } from './clock.ts';
import { keyedQueue } from './keyed-queue.ts';
import { once } from './once.ts';
import type { ConnectedUser, Realtime } from './realtime.ts';
import { callsTo } from './service.azure.ts';

interface RealtimeOptions {
  /** With an access key: `Endpoint=…;AccessKey=…;Version=1.0;` (the local endpoint, development). */
  readonly connectionString?: string | undefined;
  /** `https://<name>.webpubsub.azure.com`, reached by the managed identity. */
  readonly endpoint?: string | undefined;
}

const HUB = 'notifications';
/**
 * How long an address to connect to may be used, in minutes. It is for a client that connects right away; one that
 * connects again asks for a new one, so that whoever may not sign in any more does not come back.
 */
const ACCESS_MINUTES = 5;
const PING_WITHIN = 3 * SECOND;
const TRIES = { maxRetries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 2 * SECOND };
const available = callsTo('Real time');

/** Names of groups and users, without the slash that the service's paths cannot hold. */
const EVERYBODY = 'everybody';
const organizationGroup = (orgId: string) => `org.${orgId}`;
const userGroup = (orgId: string, userId: string) => `user.${orgId}.${userId}`;
const SESSION = 'session.';
/** The service knows no organizations: an id of a user is qualified. */
const nameOf = (orgId: string, userId: string) => `${orgId}.${userId}`;

function userNamed(name: string | undefined): ConnectedUser | undefined {
  const [orgId, userId, more] = name?.split('.') ?? [];
  return orgId && userId && more === undefined ? { orgId, userId } : undefined;
}

/** Whose client the holder of a token is, as `negotiate` wrote it; undefined for one that it did not write. */
export function clientNamed(
  name: string | undefined,
  groups: readonly string[],
): (ConnectedUser & { readonly sessionId: string }) | undefined {
  const user = userNamed(name);
  const sessionId = groups.find((group) => group.startsWith(SESSION))?.slice(SESSION.length);
  return user && sessionId ? { ...user, sessionId } : undefined;
}

/** The real-time port over hub `notifications`. Faults that outlast three tries are answered as `unavailable`. */
export function openRealtime(options: RealtimeOptions): Realtime {
  const opened = once(() => open(options));
  const queue = keyedQueue();
  return {
    send: (orgId, userId, message) => {
      const name = nameOf(orgId, userId);
      return queue.run(name, () => available(async () => (await opened()).sendToUser(name, asJson(message))));
    },
    sendToOrganization: (orgId, message) => {
      const group = organizationGroup(orgId);
      return queue.run(group, () => available(async () => (await opened()).group(group).sendToAll(asJson(message))));
    },
    negotiate: ({ orgId, userId, sessionId }) =>
      available(async () => {
        const { token, url } = await (await opened()).getClientAccessToken({
          userId: nameOf(orgId, userId),
          groups: [EVERYBODY, organizationGroup(orgId), userGroup(orgId, userId), `${SESSION}${sessionId}`],
          // None: a client listens to what it was put into, joins nothing and sends to nobody.
          roles: [],
          expirationTimeInMinutes: ACCESS_MINUTES,
        });
        return { url, expiresAt: instantOf((decodeJwt(token).exp ?? 0) * SECOND) };
      }),
    closeSession: (sessionId, reason) =>
      available(async () => (await opened()).group(`${SESSION}${sessionId}`).closeAllConnections({ reason })),
    closeOthers: (orgId, userId, sessionIds, reason) =>
      available(async () => {
        const client = await opened();
        // The user's first: who connects meanwhile is in none of the lists that follow, and is left alone.
        const others = await members(client, userGroup(orgId, userId));
        for (const sessionId of sessionIds) {
          for (const connectionId of await members(client, `${SESSION}${sessionId}`)) others.delete(connectionId);
        }
        for (const connectionId of others) await client.closeConnection(connectionId, { reason });
      }),
    async *connected() {
      const all = await available(async () => (await opened()).group(EVERYBODY).listConnections());
      const seen = new Set<string>();
      for (;;) {
        const { done, value } = await available(() => all.next());
        if (done) return;
        const { userId = '' } = value;
        const user = userNamed(userId);
        if (!user || seen.has(userId)) continue;
        seen.add(userId);
        yield user;
      }
    },
    ping: () =>
      available(async () => {
        const abortSignal = AbortSignal.timeout(PING_WITHIN);
        const client = await opened.begun();
        if (client) await client.userExists('nobody', { abortSignal });
        // A readiness probe is no reason to load an SDK, which may take longer than it waits.
        else await answering(options, abortSignal);
      }),
  };
}

/** The ids of the connections in a group. */
async function members(client: WebPubSubServiceClient, group: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { connectionId } of await client.group(group).listConnections()) ids.add(connectionId);
  return ids;
}

/** Messages are plain data, which the SDK's own type for JSON does not see in an interface. */
function asJson(message: unknown): JSONTypes {
  return message as JSONTypes;
}

async function open(options: RealtimeOptions): Promise<WebPubSubServiceClient> {
  const { WebPubSubServiceClient: Client, AzureKeyCredential } = await import('@azure/web-pubsub');
  const { endpoint, key } = addressed(options);
  if (key !== undefined) {
    // Without TLS the SDK talks only when told so; that is this machine's own endpoint.
    const allowInsecureConnection = endpoint.startsWith('http:');
    return new Client(endpoint, new AzureKeyCredential(forSigning(key)), HUB, {
      allowInsecureConnection,
      retryOptions: TRIES,
    });
  }
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new Client(endpoint, new DefaultAzureCredential(), HUB, { retryOptions: TRIES });
}

/** Where the service is, and its key when a connection string gives one. */
function addressed({ connectionString, endpoint }: RealtimeOptions): {
  readonly endpoint: string;
  readonly key: string | undefined;
} {
  const named = (name: string) => new RegExp(`(?:^|;)\\s*${name}=([^;]+)`, 'i').exec(connectionString ?? '')?.[1];
  const [key, address] = [named('accesskey'), named('endpoint') ?? endpoint];
  if (address === undefined || (connectionString !== undefined && key === undefined)) {
    throw new Error('Real time needs WEB_PUBSUB_CONNECTION (with Endpoint and AccessKey) or WEB_PUBSUB_ENDPOINT');
  }
  const url = new URL(address);
  url.port = named('port') ?? url.port;
  return { endpoint: url.href, key };
}

/**
 * The key as an object of Node's. The SDK hands it to `jsonwebtoken`, which takes it as gladly as a text and signs fifty
 * times as fast: a text it first tries to read as a private key, 0.7 ms for each request.
 */
function forSigning(key: string): string {
  return createSecretKey(key, 'utf8') as unknown as string;
}

/** Whether the service is there, which it tells anybody. */
async function answering(options: RealtimeOptions, signal: AbortSignal): Promise<void> {
  const url = new URL('/api/health', addressed(options).endpoint);
  const { ok, status } = await fetch(url, { method: 'HEAD', signal }).catch((cause: unknown) => {
    throw Object.assign(new Error('No answer', { cause }), { name: 'RestError' });
  });
  if (!ok) throw Object.assign(new Error(`The service answers ${status}`), { name: 'RestError', statusCode: status });
}
