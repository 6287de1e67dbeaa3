/** What every request says beside its body: who sends it, correlation, trace, etags, query. */
import { type Ids, randomHex } from './clock.ts';
import type { RawRequest } from './http.ts';
import { invalid } from './refusal.ts';
import { traceContextOf, traceparentOf } from './trace-context.ts';

export interface Trace {
  readonly correlationId: string;
  readonly traceId: string;
  readonly traceparent: string;
}

const CORRELATION = /^[A-Za-z0-9-]{1,64}$/;

/**
 * The correlation and trace of a request: given ones are continued, missing and bad ones made. `current` is the span it
 * has already, where it has one.
 */
export function traceOf(request: RawRequest, ids: Ids, current = request.header('traceparent')): Trace {
  const given = request.header('x-correlation-id');
  const correlationId = given !== undefined && CORRELATION.test(given) ? given : ids.next();
  const parent = traceContextOf(current);
  if (parent) return { correlationId, traceId: parent.traceId, traceparent: traceparentOf(parent) };
  const traceId = randomHex(32);
  return { correlationId, traceId, traceparent: `00-${traceId}-${randomHex(16)}-01` };
}

/** Whether a version is one that a conditional header names. */
export type Names = (etag: string) => boolean;

const ENTRY = /[ \t]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,|$)/y;

/** The versions in `If-Match` or `If-None-Match`: `*` or ETags separated by commas. Throws `invalid`. */
function named(header: string, name: string, weakToo: boolean): Names {
  if (header.trim() === '*') return () => true;
  const etags = new Set<string>();
  for (let at = 0; at < header.length || etags.size === 0; at = ENTRY.lastIndex) {
    ENTRY.lastIndex = at;
    const [, weak, etag] = ENTRY.exec(header) ?? [];
    if (etag === undefined) throw invalid(`header.${name}`, 'bad_etag', 'must be ETags in double quotes, or *');
    // A weak one is never the same as ours, where they are compared strongly (RFC 9110).
    etags.add(weak && !weakToo ? '' : etag);
  }
  return (etag) => etag !== '' && etags.has(etag);
}

/** The versions that a change is meant for; undefined when it is meant for any. */
export function ifMatchOf(request: RawRequest): Names | undefined {
  const header = request.header('if-match');
  return header === undefined ? undefined : named(header, 'if-match', false);
}

/** Whether the client knows this version already. */
export function knows(request: RawRequest, etag: string): boolean {
  const header = request.header('if-none-match');
  return header !== undefined && named(header, 'if-none-match', true)(etag);
}

/** Query parameters, each of which may be given once; without the token, where it may be among them. */
export function queryOf(search: string, tokenToo: boolean): Record<string, string> {
  if (search === '') return {};
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    if (found.has(name)) {
      const message = 'must be given once; where a parameter takes several values, commas separate them';
      throw invalid(`query.${name.slice(0, 60)}`, 'repeated', message);
    }
    found.set(name, value);
  }
  if (tokenToo) found.delete('access_token');
  return Object.fromEntries(found);
}

/** The client's address; behind a proxy of ours, the one that it saw. */
export function addressOf(request: RawRequest, trustProxy: boolean): string {
  if (!trustProxy) return request.peer;
  return request.header('x-forwarded-for')?.split(',').at(-1)?.trim() || request.peer;
}

/** The bearer token (empty for a header that holds none), where allowed also from `?access_token=`. */
export function tokenOf(request: RawRequest, inQuery: boolean): string | undefined {
  const header = request.header('authorization');
  if (header !== undefined) return /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1] ?? '';
  if (!inQuery) return undefined;
  return new URLSearchParams(request.search).get('access_token') ?? undefined;
}
