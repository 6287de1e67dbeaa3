/** Event types: wedding, conference, …: the organization's own list, with defaults from the first moment on. */
import * as z from 'zod';
import { type Aggregate, aggregate, type Entity, type Meta } from '../platform/aggregate.ts';
import { type Changes, changesBetween, unchanged } from '../platform/changes.ts';
import { Id, lines, metaShape, text } from '../platform/fields.ts';
import { Refusal } from '../platform/refusal.ts';
import { fold } from '../platform/words.ts';
import { breaks } from './breaks.ts';

export const defaultEventTypes = [
  'Wedding',
  'Corporate',
  'Birthday',
  'Conference',
  'Concert',
  'Festival',
  'Fundraiser',
  'Other',
] as const;

/** Everything that can be given of an event type. */
export const EventTypeBody = z
  .strictObject({
    name: text(1, 100).meta({ example: 'Trade fair' }),
    description: lines(500).optional(),
    status: z.enum(['active', 'inactive']).default('active'),
  })
  .meta({ id: 'EventTypeBody' });
export type EventTypeFields = z.output<typeof EventTypeBody>;

export type EventTypeState = Readonly<EventTypeFields>;

type EventTypeFact =
  | { readonly type: 'EventTypeAdded'; readonly data: { readonly fields: EventTypeFields } }
  | {
      readonly type: 'EventTypeUpdated';
      readonly data: { readonly changes: Changes; readonly fields: EventTypeFields };
    }
  | { readonly type: 'EventTypeRemoved'; readonly data: { readonly name: string } };

export const eventTypes: Aggregate<EventTypeState, EventTypeFact> = aggregate<EventTypeState, EventTypeFact>({
  kind: 'eventType',
  container: 'events',
  noun: 'event type',
  deletedBy: ['EventTypeRemoved'],
  evolve(state, fact) {
    if (fact.type !== 'EventTypeRemoved') return fact.data.fields;
    if (!state) throw new Error('EventTypeRemoved came before EventTypeAdded');
    return state;
  },
  index: ({ name, status }: EventTypeState, meta: Meta) => ({
    ix: { name: fold(name), status, createdAt: meta.createdAt },
  }),
  uniques: ({ name }) => [
    {
      scope: 'event-type-name',
      value: fold(name),
      refuse: () => new Refusal('already_exists', 'There is an event type of this name.', { field: 'name' }),
    },
  ],
});

export function reviseType(state: EventTypeState, fields: EventTypeFields): readonly EventTypeFact[] {
  const changes = changesBetween(state, fields);
  return unchanged(changes) ? [] : [{ type: 'EventTypeUpdated', data: { changes, fields } }];
}

export function removeType(state: EventTypeState, inUse: boolean): readonly EventTypeFact[] {
  if (inUse) throw breaks('type-in-use', 'Events have this type. Deactivate it instead of deleting it.');
  return [{ type: 'EventTypeRemoved', data: { name: state.name } }];
}

export const EventTypeView = z
  .object({
    id: Id,
    name: z.string(),
    description: z.string().optional(),
    status: z.enum(['active', 'inactive']),
    ...metaShape,
  })
  .meta({ id: 'EventType' });

export function shownType({ id, state, meta }: Entity<EventTypeState>): z.input<typeof EventTypeView> {
  const { createdAt, createdBy, modifiedAt, modifiedBy } = meta;
  return { id, ...state, createdAt, createdBy, modifiedAt, modifiedBy };
}
