/** What every request says beside its body: who sends it, correlation, trace, etags, query. */
import { randomUUID } from 'node:crypto';
import type { Ids } from './clock.ts';
import type { RawRequest } from './http.ts';
import { invalid } from './refusal.ts';

export interface Trace {
  readonly correlationId: string;
  readonly traceId: string;
  readonly traceparent: string;
}

const CORRELATION = /^[A-Za-z0-9-]{1,64}$/;
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The correlation and trace of a request: given ones are continued, missing ones made. */
export function traceOf(request: RawRequest, ids: Ids): Trace {
  const given = request.header('x-correlation-id');
  const correlationId = given !== undefined && CORRELATION.test(given) ? given : ids.next();
  const traceparent = request.header('traceparent');
  const parent = traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent)?.[1];
  if (traceparent !== undefined && parent !== undefined) return { correlationId, traceId: parent, traceparent };
  const traceId = randomUUID().replaceAll('-', '');
  return { correlationId, traceId, traceparent: `00-${traceId}-${randomUUID().slice(19).replace('-', '')}-01` };
}

/** The header that makes a request answer 304 or 412; `*` and single etags, weak or strong. */
export function etagOf(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  const [, etag] = /^(?:W\/)?"([\x21\x23-\x7e]{0,200})"$/.exec(header.trim()) ?? [];
  if (etag === undefined) throw invalid(`header.${name}`, 'bad_etag', 'must be one ETag in double quotes, or *');
  return etag;
}

/** Query parameters, each of which may be given once. */
export function queryOf(search: string): Record<string, string> {
  if (search === '') return {};
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    if (found.has(name)) throw invalid(`query.${name.slice(0, 60)}`, 'repeated', 'must be given once');
    found.set(name, value);
  }
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
