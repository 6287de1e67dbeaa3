/** `Idempotency-Key`: one request, one effect, one reply, however often it is sent (spec chapter 00). */
import { createHash } from 'node:crypto';
import { v7 } from 'uuid';
import type { Clock, Ids } from './clock.ts';
import { later, SECOND } from './clock.ts';
import { documentHash } from './hash.ts';
import type { RawReply } from './http.ts';
import { Refusal } from './refusal.ts';
import type { Json, Store, Stored } from './store.ts';
import { CommitRefused } from './store.ts';

const KEPT_SECONDS = 24 * 3600;
/** How long a request may run before a twin takes it for crashed. */
const LEASE_SECONDS = 60;

interface KeptReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Kept {
  readonly fingerprint: string;
  /** Feeds the ids of what the request makes, so that a retry after a crash makes the same. */
  readonly seed: string;
  readonly startedAt: string;
  readonly leaseUntil: string;
  readonly reply?: KeptReply;
}

export interface Attempt {
  /** Ids that come out the same at every retry. */
  readonly ids: Ids;
  /** Whether an earlier try may have committed already. */
  readonly retried: boolean;
  /** Keeps the reply, or lets the key go when the reply is not one to be kept. */
  finish(reply: RawReply, code: string | undefined): Promise<void>;
  /** Lets the key go without keeping anything. */
  release(): Promise<void>;
}

/** Ids of version 7 that depend on nothing but the seed and their order. */
export function seededIds(seed: string, startedAt: string): Ids {
  let count = 0;
  const msecs = Date.parse(startedAt);
  return {
    next() {
      count += 1;
      const random = createHash('sha256').update(`${seed}:${count}`).digest().subarray(0, 16);
      return v7({ msecs, seq: count, random });
    },
  };
}

const NOT_KEPT = new Set(['unauthenticated', 'forbidden', 'in_progress', 'too_many_requests']);

/**
 * Starts a request under its key, or answers with the reply kept for it. Throws `in_progress` for a running twin and
 * `key_reused` for another request. `user` owns the key; `fingerprint` is a digest of method, path and body.
 */
export async function underKey(
  store: Store,
  clock: Clock,
  user: string,
  key: string,
  fingerprint: string,
): Promise<Attempt | RawReply> {
  const id = `key:${documentHash(key)}`;
  const kept = (body: Kept) => ({ id, kind: 'idempotency', body: body as unknown as Json, ttl: KEPT_SECONDS });

  function attempt(body: Kept, firstEtag: string, retried: boolean): Attempt {
    const release = async () => {
      await store.commit('idempotency', [user], [{ op: 'delete', id, ifMatch: firstEtag }]);
    };
    return {
      release,
      ids: seededIds(body.seed, body.startedAt),
      retried,
      async finish(reply, code) {
        if (code !== undefined && NOT_KEPT.has(code)) {
          await release();
          return;
        }
        // A failure of ours keeps the seed and ends the lease: the retry goes on where this one stopped.
        const next: Kept =
          reply.status >= 500 || typeof reply.body === 'object'
            ? { ...body, leaseUntil: clock.now() }
            : { ...body, reply: keptReply(reply) };
        await store.commit('idempotency', [user], [{ op: 'replace', document: kept(next), ifMatch: firstEtag }]);
      },
    };
  }

  const now = clock.now();
  const fresh: Kept = {
    fingerprint,
    seed: createHash('sha256').update(`${user}:${key}:${fingerprint}:${now}`).digest('base64url'),
    startedAt: now,
    leaseUntil: later(now, LEASE_SECONDS * SECOND),
  };
  let found: Stored | undefined;
  try {
    const [etag = ''] = await store.commit('idempotency', [user], [{ op: 'create', document: kept(fresh) }]);
    return attempt(fresh, etag, false);
  } catch (error) {
    if (!(error instanceof CommitRefused)) throw error;
    found = await store.read('idempotency', [user], id);
  }
  const running = new Refusal('in_progress', 'The first request with this Idempotency-Key is still running.', {
    retryAfter: 1,
  });
  if (!found) throw running;
  const first = found.document.body as unknown as Kept;
  if (first.fingerprint !== fingerprint) {
    throw new Refusal('key_reused', 'This Idempotency-Key was used for another request. Take a new key.');
  }
  if (first.reply) return { ...first.reply, headers: { ...first.reply.headers, 'idempotency-replayed': 'true' } };
  if (first.leaseUntil > now) throw running;
  const again: Kept = { ...first, leaseUntil: fresh.leaseUntil };
  try {
    const [etag = ''] = await store.commit(
      'idempotency',
      [user],
      [{ op: 'replace', document: kept(again), ifMatch: found.etag }],
    );
    return attempt(again, etag, true);
  } catch (error) {
    throw error instanceof CommitRefused ? running : error;
  }
}

const KEPT_HEADERS = ['content-type', 'location', 'etag', 'cache-control'];

function keptReply(reply: RawReply): KeptReply {
  const headers = Object.fromEntries(Object.entries(reply.headers).filter(([name]) => KEPT_HEADERS.includes(name)));
  return { status: reply.status, headers, ...(typeof reply.body === 'string' ? { body: reply.body } : {}) };
}
