/** HTTP as the platform sees it, the same behind Azure Functions and behind the local host. */

export interface RawRequest {
  readonly method: string;
  /** With the base path, without the query: `/api/events`. */
  readonly path: string;
  /** The query without its `?`; empty when there is none. */
  readonly search: string;
  /** Path parameters, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  readonly body: AsyncIterable<Uint8Array> | undefined;
  /** The peer's address, before any proxy is taken into account. */
  readonly peer: string;
  /** `http://127.0.0.1:7071` */
  readonly origin: string;
}

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array | string>;
}

export const securityHeaders = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

const EXPOSED =
  'ETag, Location, Link, Content-Disposition, Retry-After, X-Correlation-Id, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset';

/** CORS headers for an origin on the allow-list; none for others. */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (allowed.length === 0) return {};
  if (origin === undefined || !allowed.includes(origin)) return { vary: 'Origin' };
  return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED };
}

/** The answer to a preflight request. */
export function preflight(
  origin: string | undefined,
  allowed: readonly string[],
  methods: readonly string[],
): RawReply {
  const cors = corsHeaders(origin, allowed);
  const granted: Record<string, string> = cors['access-control-allow-origin']
    ? {
        'access-control-allow-methods': methods.join(', '),
        'access-control-allow-headers':
          'Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Correlation-Id, Traceparent',
        'access-control-max-age': '600',
      }
    : {};
  return { status: 204, headers: { ...securityHeaders, ...cors, ...granted, allow: methods.join(', ') } };
}
