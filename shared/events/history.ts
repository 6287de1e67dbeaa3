/** The history of an event: its facts, newest first, from the audit trail and the outbox together. */
import * as z from 'zod';
import { FACT_KIND, type Fact, factOf } from '../platform/facts.ts';
import type { Listing } from '../platform/listing.ts';
import { invalid } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import { events } from './model.ts';
import { guardRow, isCustomer } from './rows.ts';

export const HistoryEntry = z
  .object({
    id: z.string(),
    type: z.string().meta({ example: 'EventApproved' }),
    at: z.string().meta({ example: '2026-11-20T09:00:00Z' }),
    by: z.string().meta({ description: "A user's id, or `system`" }),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'HistoryEntry' });

export const historyListing: Listing = { filters: {}, sorts: { at: 'id' }, defaultSort: '-at', search: false };

const Cursor = z.uuid();

/** Names copied again, which is bookkeeping, and what is nobody's business outside. */
const NOT_SHOWN = ['EventNamesRefreshed', 'EventReminderDue'];
const NOT_FOR_CUSTOMERS = [...NOT_SHOWN, 'EventDoubleBookingOverridden'];
/** Which claim it was, and how the organization is called, say nothing to a reader. */
const INNER = ['taken', 'released', 'orgId', 'zoneGiven'];

function shownTo(fact: Fact, forCustomer: boolean): boolean {
  if (!forCustomer) return !NOT_SHOWN.includes(fact.type);
  if (NOT_FOR_CUSTOMERS.includes(fact.type)) return false;
  return !fact.type.startsWith('EventNote') || fact.data.kind === 'customer';
}

function outer(record: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([name]) => !INNER.includes(name)));
}

function entryOf({ id, type, time, actorid, data }: Fact): z.input<typeof HistoryEntry> {
  const { changes, ...rest } = outer(data);
  return { id, type, at: time, by: actorid, data: changes === undefined ? rest : { ...rest, changes: outer(changes) } };
}

interface Asked {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort?: string | undefined;
  readonly count?: boolean | undefined;
}

/** The next facts in order. The relay copies a fact to the audit trail a moment after its commit: read both. */
async function nextFacts(scope: Scope, eventId: string, after: string | undefined, descending: boolean, limit: number) {
  const beyond: readonly Condition[] =
    after === undefined ? [] : [descending ? { path: 'id', lt: after } : { path: 'id', gt: after }];
  const query = { kind: FACT_KIND, orderBy: [{ path: 'id', descending }], limit };
  const [kept, fresh] = await Promise.all([
    scope.documents('audit', eventId).query({ ...query, where: beyond }),
    scope.documents('events').query({ ...query, where: [{ path: 'subject', eq: eventId }, ...beyond] }),
  ]);
  const facts = new Map([...fresh.items, ...kept.items].map(({ document }) => [document.id, factOf(document)]));
  const sign = descending ? -1 : 1;
  return [...facts.values()].sort((a, b) => (a.id < b.id ? -sign : sign)).slice(0, limit);
}

/** One page of an event's history; customers see what is fit for them. */
export async function historyOf(scope: Scope, eventId: string, asked: Asked) {
  const event = await scope.of(events).get(eventId);
  guardRow(scope.actor, event.state);
  const descending = (asked.sort ?? historyListing.defaultSort) === '-at';
  const after = asked.cursor === undefined ? undefined : placeOf(asked.cursor);
  const shown = await walk(scope, eventId, after, descending, asked.limit + 1);
  const items = shown.slice(0, asked.limit);
  const last = items.at(-1);
  return {
    items: items.map(entryOf),
    ...(shown.length > items.length && last ? { cursor: Buffer.from(last.id).toString('base64url') } : {}),
    ...(asked.count ? { total: (await walk(scope, eventId, undefined, true, Number.POSITIVE_INFINITY)).length } : {}),
  };
}

const STEP = 100;

/** Facts fit for the reader, until there are as many as wanted or no more. */
async function walk(
  scope: Scope,
  eventId: string,
  after: string | undefined,
  descending: boolean,
  wanted: number,
): Promise<Fact[]> {
  const forCustomer = isCustomer(scope.actor);
  const shown: Fact[] = [];
  let place = after;
  for (;;) {
    const limit = Math.min(STEP, wanted + 1);
    const facts = await nextFacts(scope, eventId, place, descending, limit);
    shown.push(...facts.filter((fact) => shownTo(fact, forCustomer)));
    place = facts.at(-1)?.id;
    if (shown.length >= wanted || facts.length < limit) return shown.slice(0, wanted);
  }
}

function placeOf(cursor: string): string {
  const place = Cursor.safeParse(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (place.success) return place.data;
  throw invalid('query.cursor', 'bad_cursor', 'is not a cursor of this list; start again without one');
}
