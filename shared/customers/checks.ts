/** What a decision about a customer must know from elsewhere: the organization's country, its users, its events. */
import * as z from 'zod';
import type { Entity } from '../platform/aggregate.ts';
import { DAY, later } from '../platform/clock.ts';
import { pagesOf } from '../platform/pages.ts';
import { e164Of, isInternational } from '../platform/phone.ts';
import { invalid } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { type CustomerState, customers } from './model.ts';
import { isCustomer } from './rows.ts';
import type { UpcomingEvent } from './rules.ts';

const Organization = z.object({ state: z.object({ country: z.string().optional() }) });

/** The organization's country, for numbers that do not say theirs. One point read. */
export async function homeCountry(scope: Scope): Promise<string | undefined> {
  const stored = await scope.documents('identity').read(scope.orgId);
  return stored ? Organization.parse(stored.document.body).state.country : undefined;
}

/** A number in E.164. Reads the organization only when the number does not say its country. Throws `invalid` at `path`. */
export async function fullPhone(scope: Scope, written: string, path: string): Promise<string> {
  if (isInternational(written)) return written;
  const full = e164Of(written, await homeCountry(scope));
  if (full !== undefined) return full;
  throw invalid(path, 'bad_phone', "must be a phone number of the organization's country, or one that begins with +");
}

/** Throws `invalid` when the user is not an active one of this organization. One point read when someone is named. */
export async function checkAssignee(scope: Scope, userId: string | undefined): Promise<void> {
  if (userId === undefined) return;
  const stored = await scope.documents('identity').read(userId);
  if (stored?.document.kind === 'user') return;
  throw invalid('body.assignedTo', 'unknown_user', 'is not a user of this organization');
}

const Event = z.object({ state: z.object({ startsAt: z.string(), endsAt: z.string() }) });
/** No event is longer (spec chapter 04), so what is still running began within these days. */
const LONGEST_EVENT_DAYS = 30;

/**
 * Events of a customer, and of those merged into it, that are neither over nor called off, latest first, at most 20. One
 * query.
 *
 * An event made at the very moment its customer is deleted can slip between this look and the deletion: the two live
 * in different containers, which no batch covers. Whoever is second sees the first, and for the gap between, the
 * events' reactions to `CustomerRemoved` and `EventCreated` look once more and call such an event off. Deactivation
 * needs none of this: an event made in that moment is one it keeps.
 */
export async function upcomingEvents(
  scope: Scope,
  id: string,
  { absorbed = [] }: CustomerState,
): Promise<UpcomingEvent[]> {
  const now = scope.now();
  const query = {
    kind: 'event',
    where: [
      absorbed.length === 0 ? { path: 'customerId', eq: id } : { path: 'customerId', in: [id, ...absorbed] },
      { path: 'open', eq: true },
      { path: 'startsAt', gte: later(now, -LONGEST_EVENT_DAYS * DAY) },
    ],
    orderBy: [{ path: 'startsAt', descending: true }],
    limit: 20,
  };
  for await (const { items } of pagesOf((from) => scope.documents('events').query({ ...query, ...from }))) {
    const found = items.map(({ document }) => ({ id: document.id, ...Event.parse(document.body).state }));
    const upcoming = found.filter(({ endsAt }) => endsAt > now);
    if (upcoming.length > 0) return upcoming.map(({ id, startsAt }) => ({ id, startsAt }));
  }
  return [];
}

interface PossibleDuplicate {
  readonly id: string;
  readonly customerNumber: string;
  readonly name: string;
}

/** Other customers with the same primary email, at most 10; none are told to a customer. One query. */
export async function duplicatesOf(scope: Scope, customer: Entity<CustomerState>): Promise<PossibleDuplicate[]> {
  if (isCustomer(scope.actor)) return [];
  const { items } = await scope
    .of(customers)
    .list({ where: [{ path: 'email', eq: customer.state.primaryEmail }], limit: 20 });
  return items
    .filter(({ id, state }) => id !== customer.id && state.mergedInto === undefined)
    .slice(0, 10)
    .map(({ id, state: { customerNumber, name } }) => ({ id, customerNumber, name }));
}
