/** How heads and claims lie in the store, and how claims are found there. */
import * as z from 'zod';
import type { Documents } from '../platform/documents.ts';
import type { Window } from '../platform/fields.ts';
import { grouped } from '../platform/grouped.ts';
import { pagesOf } from '../platform/pages.ts';
import type { Document, Json, Query, Stored, Write } from '../platform/store.ts';
import { spanOf } from '../platform/windows.ts';
import { bucketsAsked, bucketsOf, kindOf, lastingBucket } from './buckets.ts';
import { HEAD_ID } from './checked.ts';
import type { Claim, Limits } from './model.ts';

export const CLAIM_KIND = 'claim';
/** Released claims are kept so long, to answer those who still ask. The owner's facts tell the history. */
const RELEASED_DAYS = 30;
const MOST_PAGE = 1000;

/** What every change to a resource's claims replaces under its etag. */
const Head = z.object({
  capacity: z.int(),
  revision: z.int(),
  largest: z.int().optional(),
  cuts: z.array(z.object({ id: z.string(), largest: z.int(), until: z.string() })).default([]),
});
type Head = z.output<typeof Head>;

const Resource = z.custom<Claim['resource']>((value) => typeof value === 'string' && value.includes(':'));
const StoredClaim = z.object({
  orgId: z.string(),
  claim: z.object({
    id: z.string(),
    resource: Resource,
    quantity: z.int(),
    windows: z.array(z.object({ start: z.string(), end: z.string() })),
    use: z.object({ start: z.string(), end: z.string() }),
    owner: z.object({ type: z.string(), id: z.string() }),
    mode: z.enum(['held', 'firm']),
    expiresAt: z.string().optional(),
    reason: z.string().optional(),
    overridden: z.object({ by: z.string(), reason: z.string() }).optional(),
    group: z.object({ id: z.string(), capacity: z.int() }).optional(),
    seats: z.int().optional(),
    size: z.int().optional(),
    state: z.enum(['active', 'released']),
    lapsed: z.literal(true).optional(),
    besideOwn: z.literal(true).optional(),
    lasting: z.literal(true).optional(),
  }),
});

export interface Known {
  readonly claim: Claim;
  readonly orgId: string;
  readonly etag: string;
  /** The buckets it is filed in. */
  readonly days: readonly string[];
}

export function headOf(stored: Stored): Head {
  return Head.parse(stored.document.body);
}

/** Claims are released, never deleted. */
export type ClaimWrite = Exclude<Write, { readonly op: 'delete' }>;

/** The guarded write that stands first in every batch: the head as it is to be, one revision on. */
export function headWrite(before: Stored | undefined, capacity: number, { largest, cuts }: Limits): ClaimWrite {
  const revision = before ? headOf(before).revision + 1 : 1;
  const bounds = { ...(largest === undefined ? {} : { largest }), ...(cuts.length === 0 ? {} : { cuts }) };
  const document: Document = { id: HEAD_ID, kind: 'head', body: { capacity, revision, ...bounds } as unknown as Json };
  return before ? { op: 'replace', document, ifMatch: before.etag } : { op: 'create', document };
}

/** Documents are read-only and shared by who reads them, so each is parsed once. */
const parsed = new WeakMap<Document, Pick<Known, 'claim' | 'orgId'>>();

export function knownOf({ document, etag }: Stored): Known {
  const claim = parsed.get(document) ?? StoredClaim.parse(document.body);
  parsed.set(document, claim);
  return { etag, days: document.sets?.days ?? [], ...claim };
}

/** A claim's document. Released ones stand in no bucket, so that nobody who looks for what is taken meets them. */
export function claimDocument(orgId: string, claim: Claim): Document {
  const { id, resource, windows, state, expiresAt, lasting } = claim;
  const active = state === 'active';
  const days = [...bucketsOf(resource, windows), ...(lasting ? [lastingBucket(resource)] : [])];
  const document: Document = {
    id,
    kind: CLAIM_KIND,
    body: { orgId, claim } as unknown as Json,
    ix: { end: spanOf(windows).end, state, ...(active && expiresAt !== undefined ? { expiresAt } : {}) },
    ...(active ? { sets: { days } } : { ttl: RELEASED_DAYS * 24 * 3600 }),
  };
  parsed.set(document, { orgId, claim });
  return document;
}

export async function readClaim(documents: Documents, id: string): Promise<Known | undefined> {
  const stored = await documents.read(id);
  return stored?.document.kind === CLAIM_KIND ? knownOf(stored) : undefined;
}

/** The active claims that may overlap the windows: all that do and, of long and lasting ones, a few that do not. */
export function claimsNear(documents: Documents, resource: string, windows: readonly Window[]): Promise<Known[]> {
  return claimsFiled(documents, bucketsAsked(resource, windows));
}

/** The active claims in any of the buckets, by id. */
export function claimsFiled(documents: Documents, buckets: readonly string[]): Promise<Known[]> {
  return all(documents, { where: [{ set: 'days', any: buckets }] });
}

/** The active claims of an organization's resources that may overlap a window, by resource: one look over all of them. */
export async function claimsAcross(
  organization: Documents,
  resources: readonly string[],
  window: Window,
): Promise<ReadonlyMap<string, readonly Claim[]>> {
  const kinds = new Set(resources.map(kindOf));
  const any = [...kinds].flatMap((kind) => bucketsAsked(kind, [window]));
  const found = await all(organization, { where: [{ set: 'days', any }] });
  return grouped(
    found.map(({ claim }) => claim),
    ({ resource }) => resource,
  );
}

/** The active claims that end after an instant. */
export function claimsAfter(documents: Documents, instant: string): Promise<Known[]> {
  const where = [
    { path: 'state', eq: 'active' },
    { path: 'end', gt: instant },
  ];
  return all(documents, { where, orderBy: [{ path: 'end' }] });
}

/** One query; only a resource with over a thousand claims in those days needs more. */
async function all(documents: Documents, query: Pick<Query, 'where' | 'orderBy'>): Promise<Known[]> {
  const asked = { kind: CLAIM_KIND, limit: MOST_PAGE, ...query };
  const found: Known[] = [];
  for await (const { items } of pagesOf((from) => documents.query({ ...asked, ...from }))) {
    found.push(...items.map(knownOf));
  }
  return found;
}
