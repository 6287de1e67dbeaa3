/** What a fact is about, looked up and put into words for `policy.ts`. */
import * as z from 'zod';
import { items } from '../equipment/model.ts';
import { type EventState, events } from '../events/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY, HOUR, MINUTE } from '../platform/clock.ts';
import type { Fact } from '../platform/facts.ts';
import type { Values } from '../platform/mail.template.ts';
import type { Scope } from '../platform/scope.ts';
import { reservations, type Trouble } from '../reservations/model.ts';
import type { Looked, Row } from './policy.model.ts';

const Amount = z.object({ amount: z.number(), currency: z.string() });
/** What facts of other slices say that words are made of; each may leave out any. */
const Said = z.looseObject({
  eventId: z.string().optional(),
  equipmentId: z.string().optional(),
  reservationId: z.string().optional(),
  reason: z.string().optional(),
  severity: z.string().optional(),
  description: z.string().optional(),
  trouble: z.string().optional(),
  repairCost: Amount.optional(),
  currentValue: Amount.optional(),
  dueAt: z.string().optional(),
  nextPreventiveDueAt: z.string().optional(),
  startsAt: z.string().optional(),
  device: z.string().optional(),
});
type Said = z.output<typeof Said>;

const EVENT_SOURCE = 'event';
const ITEM_SOURCE = 'item';
const RESERVATION_SOURCE = 'reservation';

export interface About extends Looked {
  readonly event?: EventState;
  readonly creatorId?: string;
  readonly reserverId?: string;
  readonly values: Values;
  readonly ids: Partial<Record<Row['link'], string>>;
}

const troubleWords: Readonly<Record<Trouble, string>> = {
  itemRetired: 'The item was retired.',
  eventMoved: 'The event was moved, and the units cannot be had at its new time.',
  eventCancelled: 'The event is off, and the units are still out.',
  maintenance: 'The units are in maintenance at that time.',
  unitsShort: 'There are fewer units than were reserved.',
};

/** Looks up what the fact is about; undefined when its event is gone, and there is nothing to tell anybody. */
export async function aboutOf(scope: Scope, fact: Fact): Promise<About | undefined> {
  const said = Said.parse(fact.data);
  const eventId = fact.source === EVENT_SOURCE ? fact.subject : said.eventId;
  const equipmentId = fact.source === ITEM_SOURCE ? fact.subject : said.equipmentId;
  const reservationId = fact.source === RESERVATION_SOURCE ? fact.subject : said.reservationId;
  const [event, item, reservation] = await Promise.all([
    eventId === undefined ? undefined : scope.of(events).find(eventId),
    equipmentId === undefined ? undefined : scope.of(items).find(equipmentId),
    reservationId === undefined ? undefined : scope.of(reservations).find(reservationId),
  ]);
  if (fact.source === EVENT_SOURCE && !event) return undefined;
  const ids = {
    ...(eventId === undefined ? {} : { events: eventId }),
    ...(equipmentId === undefined ? {} : { equipment: equipmentId }),
    ...(reservationId === undefined ? {} : { 'equipment/reservations': reservationId }),
  };
  const now = scope.now();
  return {
    now,
    data: fact.data,
    ...(event ? { event: event.state, creatorId: event.meta.createdBy } : {}),
    ...(reservation ? { reserverId: reservation.meta.createdBy } : {}),
    ids,
    values: {
      ...(event ? eventValues(event, now) : goneValues(reservation?.state.names.event)),
      ...saidValues(said, fact, item?.state),
    },
  };
}

/** The placeholders that an event fills. */
export const eventWords: readonly string[] = ['event', 'venue', 'customer', 'when', 'ahead'];

/** What is still known of an event that was deleted. */
function goneValues(title = 'an event'): Values {
  return { event: title, when: 'no longer planned', venue: '', customer: '', ahead: 'soon' };
}

export function eventValues(event: Pick<Entity<EventState>, 'state'>, now: string): Values {
  const { title, names, startsAt, timeZone } = event.state;
  return {
    event: title,
    venue: names.venue,
    customer: names.customer,
    when: localTime(startsAt, timeZone),
    ahead: ahead(now, startsAt),
  };
}

type Item = { readonly name: string; readonly currentValue?: Money | undefined; readonly purchasePrice: Money };
type Money = z.output<typeof Amount>;

function saidValues(said: Said, fact: Fact, item: Item | undefined): Values {
  const due = said.dueAt ?? said.nextPreventiveDueAt;
  const worth = said.currentValue ?? item?.currentValue ?? item?.purchasePrice;
  return {
    equipment: item?.name ?? 'A piece of equipment',
    reason: said.reason ?? 'none was given',
    severity: (said.severity ?? 'unknown').replace('totalLoss', 'total loss'),
    description: said.description ?? '',
    trouble: troubleWords[said.trouble as Trouble] ?? 'It needs to be looked at.',
    repairCost: said.repairCost ? money(said.repairCost) : 'more than it is worth',
    currentValue: worth ? money(worth) : 'an unknown sum',
    due: due === undefined ? 'a day that is past' : due.slice(0, 10),
    device: said.device ?? 'An unknown device',
    at: `${fact.time.slice(0, 16).replace('T', ' ')} UTC`,
  };
}

/** `Tue 1 Dec 2026, 18:00 (Europe/London)`. */
function localTime(instant: string, timeZone: string): string {
  const text = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(Date.parse(instant));
  const part = (type: string) => text.find((one) => one.type === type)?.value ?? '';
  const date = ['weekday', 'day', 'month', 'year'].map(part).join(' ');
  return `${date}, ${part('hour')}:${part('minute')} (${timeZone})`;
}

/** `in 7 days`, to the nearest day, hour or minute. */
function ahead(now: string, then: string): string {
  const left = Date.parse(then) - Date.parse(now);
  for (const [unit, name] of [
    [DAY, 'day'],
    [HOUR, 'hour'],
    [MINUTE, 'minute'],
  ] as const) {
    const count = Math.round(left / unit);
    if (count >= 2 || (count === 1 && left >= unit)) return `in ${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return 'now';
}

/** A sum of minor units as people write it: `USD 1,250.50`. */
function money({ amount, currency }: Money): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount / 10 ** digits).replace(/\u00a0/g, ' ');
}
