/** Requests, documents and replies: as Cosmos DB has them, and as the npm server does. */
import type { Answer, BatchOperation, Kept } from './peer.ts';
import { KEY } from './peer.ts';
import { rangeOf } from './ranges.ts';

export interface Definition {
  readonly id: string;
  readonly partitionKey: { readonly paths: readonly string[] };
  readonly defaultTtl?: number;
  readonly indexingPolicy: {
    readonly includedPaths: readonly { readonly path: string }[];
    readonly compositeIndexes: readonly (readonly { path: string; order: string }[])[];
  };
}

export function statusOf({ operationType, ifMatch }: BatchOperation, there: Kept | undefined): number {
  if (operationType === 'Create') return there ? 409 : 201;
  if (operationType === 'Upsert') return there ? 200 : 201;
  if (!there) return 404;
  if (ifMatch !== undefined && ifMatch !== quoted(there._etag)) return 412;
  return operationType === 'Delete' ? 204 : 200;
}

/** A write as the npm server takes it: its conditions are known to hold. */
export function kept(
  { ifMatch: _, resourceBody, ...operation }: BatchOperation,
  partition: string,
  lsn: number,
): BatchOperation {
  return {
    ...operation,
    ...(resourceBody
      ? { resourceBody: { ...resourceBody, [KEY]: partition, _range: rangeOf(partition), _lsn: lsn } }
      : {}),
  };
}

/** Etags travel in quotes; the npm server's are bare. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** Documents as the service shows them, also those inside the rows that the client merges; anything else as it is. */
export function outward(one: unknown): unknown {
  if (typeof one !== 'object' || one === null) return one;
  if ('payload' in one) return { ...one, payload: outward(one.payload) };
  if (!('_etag' in one)) return one;
  const { [KEY]: _, _range, ...document } = one as Kept;
  return { ...document, _etag: quoted(document._etag) };
}

export function keysOf({ partitionKey }: Definition, document: Readonly<Record<string, unknown>>): unknown[] {
  return partitionKey.paths.map((path) => document[path.slice(1)]);
}

/** The header's list of key values; a query without one goes across partitions. */
export function partitionOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : JSON.stringify(JSON.parse(String(header)));
}

export function asDefined(answer: Answer, definition: Definition | undefined): Answer {
  return definition && answer.status < 300
    ? { ...answer, body: { ...(answer.body as object), ...definition } }
    : answer;
}

/** The account's own address is where the client goes on to. */
export function accountAt(endpoint: string, account: unknown): object {
  const location = [{ name: 'here', databaseAccountEndpoint: `${endpoint}/` }];
  return { ...(account as object), writableLocations: location, readableLocations: location };
}

export function charged(requestUnits: number): Record<string, string> {
  return { 'x-ms-request-charge': String(requestUnits) };
}

export function bad(message: string): Answer {
  return { status: 400, body: { code: 'BadRequest', message } };
}
