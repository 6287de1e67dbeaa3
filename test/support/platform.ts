/** A platform for tests: the real store on disk, a clock that tests move, and an outside world that only records. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actor } from '../../shared/platform/actor.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import type { Blobs } from '../../shared/platform/blobs.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { instantOf, systemIds } from '../../shared/platform/clock.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import { localLimits } from '../../shared/platform/limits.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Mail, Message } from '../../shared/platform/mail.ts';
import { localCaches } from '../../shared/platform/read-cache.ts';
import type { Realtime, RealtimeMessage } from '../../shared/platform/realtime.ts';
import type { Platform, Scope, ScopeInit } from '../../shared/platform/scope.ts';
import { scopeOf } from '../../shared/platform/scope.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Store } from '../../shared/platform/store.ts';

export interface TestClock extends Clock {
  set(instant: string): void;
  /** Moves on by some milliseconds. */
  advance(milliseconds: number): void;
  /** Milliseconds since 1970. */
  time(): number;
}

/** A clock that stands still until it is moved. */
export function testClock(at = '2026-11-20T09:00:00Z'): TestClock {
  let milliseconds = Date.parse(at);
  return {
    now: () => instantOf(milliseconds),
    time: () => milliseconds,
    set(instant) {
      milliseconds = Date.parse(instant);
    },
    advance(by) {
      milliseconds += by;
    },
  };
}

export const silentLog: Log = { on: () => false, debug() {}, info() {}, warn() {}, error() {} };

/** Mail that is only recorded. */
export interface RecordedMail extends Mail {
  readonly sent: Message[];
}

export function recordedMail(): RecordedMail {
  const sent: Message[] = [];
  return {
    sent,
    async send(message) {
      sent.push(message);
    },
  };
}

/** Blobs that are only recorded; tests of pictures use the real ones on Azurite. */
interface RecordedBlobs extends Blobs {
  readonly kept: Map<string, { readonly bytes: Uint8Array; readonly contentType: string }>;
}

export function recordedBlobs(): RecordedBlobs {
  const kept: RecordedBlobs['kept'] = new Map();
  return {
    kept,
    async put(path, bytes, contentType) {
      kept.set(path, { bytes, contentType });
    },
    async remove(path) {
      kept.delete(path);
    },
    async *list(prefix = '') {
      const paths = [...kept.keys()].filter((path) => path.startsWith(prefix)).sort();
      yield paths.map((path) => ({ path, modifiedAt: '1970-01-01T00:00:00Z', version: '1' }));
    },
    link: async (path) => `https://blobs.example/${path}`,
    async ping() {},
  };
}

/** Messages to sockets that are only recorded; tests of real time use the real endpoint. */
export interface RecordedRealtime extends Realtime {
  readonly sent: { readonly orgId: string; readonly userId: string; readonly message: RealtimeMessage }[];
}

export function recordedRealtime(): RecordedRealtime {
  const sent: RecordedRealtime['sent'] = [];
  return {
    sent,
    async send(orgId, userId, message) {
      sent.push({ orgId, userId, message });
    },
    async sendToOrganization() {},
    negotiate: async () => ({ url: 'wss://realtime.example', expiresAt: '2026-11-20T09:05:00Z' }),
    async closeSession() {},
    async closeOthers() {},
    async *connected() {},
    async ping() {},
  };
}

export interface TestPlatform extends Platform {
  readonly clock: TestClock;
  readonly mail: RecordedMail;
  readonly blobs: RecordedBlobs;
  readonly realtime: RecordedRealtime;
  /** The folder on disk that holds the store. */
  readonly folder: string;
  /** Another process, as it were: its own queue and its own connection to the same file; closed with this one. */
  twin(): Platform;
  /** Closes the stores and removes the folder. */
  close(): Promise<void>;
}

interface TestOptions {
  /** Settings, as environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the clock starts. */
  readonly at?: string;
  /** Another store than the embedded one in the folder. */
  readonly open?: (file: string, clock: Clock) => Store;
}

/** Opens a platform in a folder of its own. */
export async function testPlatform(options: TestOptions = {}): Promise<TestPlatform> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-test-'));
  const clock = testClock(options.at);
  const file = join(folder, 'marquee.db');
  const open = () => options.open?.(file, clock) ?? openSqliteStore({ file, clock });
  const store = open();
  const stores = [store];
  const config = readConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent', SEED: 'none', PORT: '0', ...options.env });
  const platform: Omit<TestPlatform, 'twin' | 'close'> = {
    config,
    store,
    clock,
    ids: systemIds,
    queue: keyedQueue(),
    limits: localLimits(clock.time),
    caches: localCaches(),
    blobs: recordedBlobs(),
    mail: recordedMail(),
    realtime: recordedRealtime(),
    log: silentLog,
    publicUrl: () => config.PUBLIC_URL ?? 'https://marquee.example',
    probes: [{ name: 'store', check: () => store.ping() }],
    folder,
  };
  return {
    ...platform,
    twin() {
      const own = open();
      stores.push(own);
      return { ...platform, store: own, queue: keyedQueue(), limits: localLimits(clock.time) };
    },
    async close() {
      for (const opened of stores) await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A scope in an organization, as the system unless an actor is given. */
export function testScope(
  platform: Platform,
  orgId: string,
  init: Partial<ScopeInit> & { readonly actor?: Actor } = {},
): Scope {
  return scopeOf(platform, { actor: systemActor(orgId), correlationId: 'test', ...init });
}
