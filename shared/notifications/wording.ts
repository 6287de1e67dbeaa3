/** What a row of the policy says of a fact: in the words of now, and once more when mail leaves that was held back. */
import { type EventState, events } from '../events/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { filledText, placeholdersOf, type Values } from '../platform/mail.template.ts';
import type { Scope } from '../platform/scope.ts';
import { shortened } from '../platform/words.ts';
import { type About, eventValues, eventWords } from './about.ts';
import type { Telling } from './model.ts';
import type { Row } from './policy.model.ts';
import { stillThen } from './policy.ts';

const LONGEST_TITLE = 200;
/** Of each name in a title that would be too long: two of them fit, with all that is said of them. */
const LONGEST_NAME = 75;
const LONGEST_MESSAGE = 2000;

/** With `{{placeholders}}`. */
type Words = Pick<Row, 'title' | 'message'>;

function worded({ title, message }: Words, values: Values): Words {
  return { title: titleOf(title, values), message: shortened(filledText(message, values).trim(), LONGEST_MESSAGE) };
}

/** What happened stands behind the names, so it is these that are shortened. */
function titleOf(title: string, values: Values): string {
  const full = filledText(title, values);
  return full.length <= LONGEST_TITLE ? full : filledText(title, values, (name) => shortened(name, LONGEST_NAME));
}

export function tellingOf(row: Row, { values, ids, event }: About): Telling {
  const { type, category, priority, link } = row;
  const id = ids[link];
  return {
    type,
    category,
    priority,
    ...worded(row, values),
    ...(id === undefined ? {} : { link: { resource: link, id } }),
    ...(type === 'reminder' && event ? { until: event.startsAt } : {}),
    ...(event && ids.events !== undefined ? wordsAnew(row, values, { id: ids.events, state: event }) : {}),
  };
}

/** What it takes to say the same later of the event as it is then; nothing for words that do not speak of it. */
function wordsAnew(
  { title, message }: Words,
  values: Values,
  { id: eventId, state: { startsAt } }: Pick<Entity<EventState>, 'id' | 'state'>,
): Pick<Telling, 'anew'> {
  const used = placeholdersOf(`${title} ${message}`);
  if (!used.some((name) => eventWords.includes(name))) return {};
  const said = Object.fromEntries(used.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
  return { anew: { eventId, startsAt, title, message, values: said } };
}

/**
 * What was queued, in the words of now: an event may have been moved or renamed meanwhile. One point read. Undefined for a
 * reminder of a time that the event has no more; moved ones have reminders of their own.
 */
export async function wordedAnew(scope: Scope, content: Telling): Promise<Telling | undefined> {
  const { anew } = content;
  const event = anew && (await scope.of(events).find(anew.eventId));
  if (!event) return content;
  const now = scope.now();
  const reminding = { data: { startsAt: anew.startsAt }, event: event.state, now };
  if (content.type === 'reminder' && !stillThen(reminding)) return undefined;
  return { ...content, ...worded(anew, { ...anew.values, ...eventValues(event, now) }) };
}
