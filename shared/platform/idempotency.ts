/** `Idempotency-Key`: one request, one effect, one reply, however often it is sent (spec chapter 00). */
import { createHash } from 'node:crypto';
import type { Clock, Ids } from './clock.ts';
import { later, SECOND, seededIds } from './clock.ts';
import { documentHash } from './hash.ts';
import type { RawReply } from './http.ts';
import { problemReply, refusalOf } from './problem.ts';
import { invalid, Refusal, type RefusalCode } from './refusal.ts';
import type { Document, Json, Store, Write } from './store.ts';
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

interface Attempt {
  /** Ids that come out the same at every retry. */
  readonly ids: Ids;
  /** Whether an earlier try may have committed already. */
  readonly retried: boolean;
}

interface KeyedRequest {
  readonly key: string;
  /** Whose key it is: the user, or the address of somebody who is not signed in. */
  readonly owner: string;
  /** Path and query. */
  readonly target: string;
  readonly bytes: Uint8Array;
  /** Whether replies hold tokens: then none is kept. */
  readonly secret: boolean;
  /** Shown by the problem that is kept, as by the one that is sent. */
  readonly traceId: string;
}

const NOT_KEPT: readonly RefusalCode[] = ['unauthenticated', 'forbidden', 'in_progress', 'too_many_requests'];

/**
 * Runs a POST once under its key and keeps the reply, or answers with the one kept. Throws `invalid` for a bad key,
 * `in_progress` for a running twin, `key_reused` for another request, and what `run` throws.
 */
export async function oncePerKey(
  store: Store,
  clock: Clock,
  request: KeyedRequest,
  run: (attempt: Attempt) => Promise<RawReply>,
): Promise<RawReply> {
  const { key, owner, secret } = request;
  if (key.length < 1 || key.length > 255) {
    throw invalid('header.idempotency-key', 'bad_length', 'must have 1 to 255 characters');
  }
  const id = `key:${documentHash(key)}`;
  const begun = await begin(store, clock, owner, id, fingerprintOf(request));
  if ('reply' in begun) return begun.reply;
  const { kept, ifMatch, retried } = begun;
  const commit = async (write: Write) => {
    try {
      await store.commit('idempotency', [owner], [write]);
    } catch (error) {
      // A twin took over when the lease had ended: the key is its business now, and this reply still holds.
      if (!(error instanceof CommitRefused)) throw error;
    }
  };
  const letGo = () => commit({ op: 'delete', id, ifMatch });
  const keep = (next: Kept) => commit({ op: 'replace', document: keptDocument(id, next), ifMatch });
  // A failure of ours keeps the seed and ends the lease: the retry goes on where this one stopped.
  const finish = (reply: RawReply) =>
    keep(
      reply.status >= 500 || typeof reply.body === 'object'
        ? { ...kept, leaseUntil: clock.now() }
        : { ...kept, reply: keptReply(reply) },
    );
  try {
    const reply = await run({ ids: seededIds(kept.seed, kept.startedAt), retried });
    await (secret ? letGo() : finish(reply));
    return reply;
  } catch (error) {
    const refusal = refusalOf(error);
    const [instance = ''] = request.target.split('?');
    await (NOT_KEPT.includes(refusal.code)
      ? letGo()
      : finish(problemReply(refusal, { instance, traceId: request.traceId, headers: {} })));
    throw error;
  }
}

/** Tells requests apart. The key salts the digest: bodies hold passwords, and the store knows no key. */
function fingerprintOf({ key, target, bytes }: KeyedRequest): string {
  return createHash('sha256').update(`${key}\nPOST ${target}\n`).update(bytes).digest('base64url');
}

function keptDocument(id: string, body: Kept): Document {
  return { id, kind: 'idempotency', body: body as unknown as Json, ttl: KEPT_SECONDS };
}

type Begun =
  | { readonly reply: RawReply }
  | { readonly kept: Kept; readonly ifMatch: string; readonly retried: boolean };

/** Takes the key for a first try, or takes it over from one whose lease has ended. */
async function begin(store: Store, clock: Clock, owner: string, id: string, fingerprint: string): Promise<Begun> {
  const now = clock.now();
  const fresh: Kept = {
    fingerprint,
    seed: createHash('sha256').update(`${owner}:${id}:${fingerprint}:${now}`).digest('base64url'),
    startedAt: now,
    leaseUntil: later(now, LEASE_SECONDS * SECOND),
  };
  try {
    const document = keptDocument(id, fresh);
    const [ifMatch = ''] = await store.commit('idempotency', [owner], [{ op: 'create', document }]);
    return { kept: fresh, ifMatch, retried: false };
  } catch (error) {
    if (!(error instanceof CommitRefused)) throw error;
  }
  const found = await store.read('idempotency', [owner], id);
  if (!found) throw stillRunning();
  const first = found.document.body as unknown as Kept;
  if (first.fingerprint !== fingerprint) {
    throw new Refusal('key_reused', 'This Idempotency-Key was used for another request. Take a new key.');
  }
  if (first.reply) {
    return { reply: { ...first.reply, headers: { ...first.reply.headers, 'idempotency-replayed': 'true' } } };
  }
  if (first.leaseUntil > now) throw stillRunning((Date.parse(first.leaseUntil) - Date.parse(now)) / SECOND);
  const kept: Kept = { ...first, leaseUntil: fresh.leaseUntil };
  try {
    const document = keptDocument(id, kept);
    const write: Write = { op: 'replace', document, ifMatch: found.etag };
    const [ifMatch = ''] = await store.commit('idempotency', [owner], [write]);
    return { kept, ifMatch, retried: true };
  } catch (error) {
    throw error instanceof CommitRefused ? stillRunning() : error;
  }
}

/** Until a first try has run for so many seconds, it is soon done; later it may as well have been cut off. */
const SOON_DONE = 5;

/** `left`: the seconds until its lease ends. */
function stillRunning(left = LEASE_SECONDS): Refusal {
  const running = 'The first request with this Idempotency-Key is still running';
  if (left > LEASE_SECONDS - SOON_DONE) return new Refusal('in_progress', `${running}.`, { retryAfter: 1 });
  const retryAfter = Math.ceil(left);
  const again = `${running}, or was cut off: then it can be sent again in ${retryAfter} s.`;
  return new Refusal('in_progress', again, { retryAfter });
}

const KEPT_HEADERS = ['content-type', 'location', 'etag', 'cache-control'];

function keptReply(reply: RawReply): KeptReply {
  const headers = Object.fromEntries(Object.entries(reply.headers).filter(([name]) => KEPT_HEADERS.includes(name)));
  return { status: reply.status, headers, ...(typeof reply.body === 'string' ? { body: reply.body } : {}) };
}
