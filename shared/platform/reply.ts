/** From what a handler answers to what is sent: status, headers, 304, `fields`. */
import type { RawReply, RawRequest } from './http.ts';
import { Refusal } from './refusal.ts';
import { knows } from './request.ts';
import type { Reply, Route } from './route.ts';

/** Throws `not_acceptable` when `Accept` names no media type that the route or a problem can have. */
export function acceptable(route: Route, request: RawRequest): void {
  const accept = request.header('accept')?.trim().toLowerCase();
  const gives = route.produces ?? 'application/json';
  if (!accept || weightOf(accept, [gives, gives.replace(/\/.*/, '/*'), '*/*']) > 0) return;
  if (weightOf(accept, ['application/problem+json']) > 0) return;
  throw new Refusal('not_acceptable', `This route gives ${gives}.`);
}

/** How much an `Accept` (lower-cased) wants what these ranges name, 0 to 1: the first of them in it decides (RFC 9110). */
function weightOf(accept: string, ranges: readonly string[]): number {
  const found = accept.split(',').map((entry) => {
    const [range = '', ...parameters] = entry.split(';').map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    return { at: ranges.indexOf(range), weight: Number(q) || 0 };
  });
  return found.filter(({ at }) => at >= 0).sort((one, other) => one.at - other.at)[0]?.weight ?? 0;
}

function trimmed(body: unknown, names: readonly string[]): unknown {
  const page = body as { data: Record<string, unknown>[] };
  return {
    ...page,
    data: page.data.map((item) =>
      Object.fromEntries(names.filter((name) => name in item).map((name) => [name, item[name]])),
    ),
  };
}

/** The reply as it is sent; `names` are the fields to keep of a list's items, `baseUrl` is where clients reach us. */
export function rendered(
  route: Route,
  reply: Reply,
  request: RawRequest,
  names: readonly string[] | undefined,
  baseUrl: string,
): RawReply {
  const headers: Record<string, string> = { ...reply.headers };
  if (reply.etag) headers.etag = `"${reply.etag}"`;
  if (reply.location) headers.location = `${baseUrl}/api/${reply.location}`;
  if (!route.cacheable) headers['cache-control'] = 'no-store';
  if (reply.content !== undefined) return { status: route.status, headers, body: reply.content };
  if (reply.etag && request.method === 'GET' && knows(request, reply.etag)) return { status: 304, headers };
  if (!route.reply) return { status: 204, headers };
  // A reply that does not fit its schema is a fault of ours: the ZodError is logged and answered as `internal`.
  const body = route.reply.parse(reply.body);
  const next = route.list ? (body as { page: { nextCursor: string | null } }).page.nextCursor : null;
  if (next !== null) {
    const query = new URLSearchParams(request.search);
    query.set('cursor', next);
    headers.link = `<${baseUrl}${request.path}?${query}>; rel="next"`;
  }
  headers['content-type'] ??= 'application/json; charset=utf-8';
  return {
    status: route.status,
    headers,
    body: JSON.stringify(names ? trimmed(body, names) : body),
  };
}
