/** The one place where failures become `application/problem+json` (RFC 9457). */
import type { RawReply } from './http.ts';
import { limitHeaders, type Spent } from './limits.ts';
import { codes, invalid, Refusal } from './refusal.ts';
import { BadCursor, StoreFull, StoreUnavailable } from './store.ts';

interface ProblemContext {
  /** Path of the request. */
  readonly instance: string;
  readonly traceId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a thrown value means to the client; anything unexpected is a bare `internal`. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof BadCursor) {
    const message = 'is not a cursor of this list with these filters and this sort; start again without one';
    return invalid('query.cursor', 'bad_cursor', message);
  }
  if (error instanceof StoreUnavailable) {
    const { retryAfterSeconds: retryAfter } = error;
    const why =
      error instanceof StoreFull
        ? 'There is no room left for this; whoever runs the system has been told.'
        : 'The store is too busy or out of reach; try again.';
    return new Refusal('unavailable', why, { retryAfter });
  }
  return new Refusal('internal', 'Something went wrong on our side. Quote the traceId when you report it.');
}

/** The reply of a refusal; `extra.retryAfter` becomes a header as well, `extra.allow` and `extra.spent` (a budget) only that. */
export function problemReply(refusal: Refusal, context: ProblemContext): RawReply {
  const { status, title } = codes[refusal.code];
  const { allow, spent, ...extra } = refusal.extra;
  const headers: Record<string, string> = {
    ...context.headers,
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
  };
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (typeof allow === 'string') headers.allow = allow;
  if (spent) Object.assign(headers, limitHeaders(spent as Spent));
  if (typeof extra.retryAfter === 'number') headers['retry-after'] = String(extra.retryAfter);
  const body = JSON.stringify({
    type: `urn:marquee:problem:${refusal.code}`,
    title,
    status,
    detail: refusal.message,
    instance: context.instance,
    traceId: context.traceId,
    ...extra,
  });
  return { status, headers, body };
}
