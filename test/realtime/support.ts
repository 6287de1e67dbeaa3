/** Real time as the two SDKs see it, and clients that note what they get. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebPubSubServiceClient } from '@azure/web-pubsub';
import { WebPubSubClient, type WebPubSubClientOptions } from '@azure/web-pubsub-client';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startWebPubSub, type WebPubSub, type WebPubSubOptions } from '../../infra/local/web-pubsub.ts';
import { PLAIN } from '../../infra/local/web-pubsub-frames.ts';
import { silentLog } from '../support/platform.ts';

/** Longer than anything here should take, on a machine that is busy with other things. */
export const PATIENCE = { timeout: 10_000, interval: 10 };

export interface Listener {
  readonly client: WebPubSubClient;
  readonly connectionId: string;
  readonly userId: string;
  /** Messages to the user or to all, and those of groups, in the order they came. */
  readonly got: unknown[];
  readonly times: number[];
  /** Reasons of the disconnections. */
  readonly lost: string[];
  /** How often it was connected anew. */
  connections(): number;
  stopped(): boolean;
  /** Waits until it has got so many messages. */
  until(count: number): Promise<void>;
}

type Url = string | (() => Promise<string>);

/** Connects the ordinary client and notes what it gets. */
export async function listening(url: Url, options: WebPubSubClientOptions = {}): Promise<Listener> {
  const client = new WebPubSubClient({ getClientAccessUrl: url }, options);
  const [got, times, lost]: [unknown[], number[], string[]] = [[], [], []];
  const ids: { connectionId: string; userId: string }[] = [];
  let stopped = false;
  const note = (message: { readonly data: unknown }) => {
    got.push(message.data);
    times.push(performance.now());
  };
  client.on('server-message', ({ message }) => note(message));
  client.on('group-message', ({ message }) => note(message));
  client.on('connected', ({ connectionId, userId }) => void ids.push({ connectionId, userId }));
  client.on('disconnected', ({ message }) => void lost.push(message?.message ?? ''));
  client.on('stopped', () => {
    stopped = true;
  });
  await client.start();
  await vi.waitUntil(() => ids.length > 0, PATIENCE);
  return {
    client,
    got,
    times,
    lost,
    get connectionId() {
      return ids.at(-1)?.connectionId ?? '';
    },
    get userId() {
      return ids.at(-1)?.userId ?? '';
    },
    connections: () => ids.length,
    stopped: () => stopped,
    until: (count) => vi.waitUntil(() => got.length >= count, PATIENCE).then(() => {}),
  };
}

/** A bare WebSocket, for what no well-behaved client does. */
export interface Bare {
  readonly socket: WebSocket;
  readonly frames: { readonly [key: string]: unknown }[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  send(frame: unknown): void;
}

export async function bare(url: string, protocol: string = PLAIN): Promise<Bare> {
  const socket = new WebSocket(url, protocol);
  const frames: Bare['frames'] = [];
  socket.on('message', (data) => void frames.push(JSON.parse(data.toString())));
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve();
    });
  });
  await vi.waitUntil(() => frames.length > 0 || socket.readyState !== WebSocket.OPEN, PATIENCE);
  return { socket, frames, closed, send: (frame) => socket.send(JSON.stringify(frame)) };
}

/** The HTTP status with which a connection is declined. */
export function declined(url: string, protocols: string[] = [PLAIN]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols);
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.on('open', () => {
      socket.terminate();
      reject(new Error('It was let in'));
    });
    socket.on('error', () => {});
  });
}

export interface Endpoint extends WebPubSub {
  readonly folder: string;
  readonly service: WebPubSubServiceClient;
  /** Where a client connects. */
  url(options?: Parameters<WebPubSubServiceClient['getClientAccessToken']>[0]): Promise<string>;
  /** Another process on the folder, as it were. */
  twin(): Promise<WebPubSub>;
  close(): Promise<void>;
}

export async function endpoint(options: Partial<WebPubSubOptions> = {}): Promise<Endpoint> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-realtime-'));
  const start = () => startWebPubSub({ folder, host: '127.0.0.1', log: silentLog, ...options });
  const own = await start();
  const all = [own];
  const service = new WebPubSubServiceClient(own.connectionString, 'notifications', { allowInsecureConnection: true });
  return {
    ...own,
    folder,
    service,
    url: async (given) => (await service.getClientAccessToken(given)).url,
    async twin() {
      const twin = await start();
      all.push(twin);
      return twin;
    },
    async close() {
      for (const one of all) await one.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The access key, as only a process that reads the file knows it. */
export function keyOf({ connectionString }: Pick<WebPubSub, 'connectionString'>): string {
  return /AccessKey=([^;]+)/.exec(connectionString)?.[1] ?? expect.fail('There is no key');
}
