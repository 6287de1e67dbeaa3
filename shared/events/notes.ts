/** Notes on events: documents of their own, counted on the event in the same batch (REQ-EVT-030). */
import * as z from 'zod';
import { type Actor, may } from '../platform/actor.ts';
import type { Meta } from '../platform/aggregate.ts';
import { Id, lines, metaShape } from '../platform/fields.ts';
import { anyOf, type ListInput, type Listing, toQuery } from '../platform/listing.ts';
import { notFound, Refusal, stale, wrongState } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Document, Json, Stored } from '../platform/store.ts';
import { stepsFrom } from './life.ts';
import { type EventFact, type EventState, events, type NoteKind, noteKinds } from './model.ts';
import { guardRow, isCustomer } from './rows.ts';

const LONGEST = 4000;
const KIND = 'note';
const Content = lines(LONGEST, 1).meta({ example: 'They would like the stage on the left.' });

export const NoteBody = z
  .strictObject({
    /** `system` notes are the system's own. */
    kind: z.enum(['internal', 'customer']),
    content: Content,
  })
  .meta({ id: 'NoteBody' });
export const NoteChange = z.strictObject({ content: Content }).meta({ id: 'NoteChange' });

export const NoteView = z
  .object({
    id: Id,
    eventId: Id,
    kind: z.enum(noteKinds),
    content: z.string(),
    authorName: z.string().meta({ personal: 'identity' }),
    ...metaShape,
  })
  .meta({ id: 'EventNote' });

/** What the document holds; its author is `createdBy`. */
type NoteBodyKept = Meta & {
  readonly eventId: string;
  readonly kind: NoteKind;
  readonly content: string;
  readonly authorName: string;
};
interface Note extends NoteBodyKept {
  readonly id: string;
  readonly etag: string;
}

export const noteListing: Listing = {
  filters: { kind: anyOf('noteKind', z.enum(noteKinds)) },
  // Ids sort by creation.
  sorts: { createdAt: 'id' },
  defaultSort: '-createdAt',
  search: false,
};

export function shownNote({ etag: _, deletedAt: __, deletedBy: ___, ...note }: Note): z.input<typeof NoteView> {
  return note;
}

function noteOf({ document, etag }: Stored): Note {
  return { ...(document.body as unknown as NoteBodyKept), id: document.id, etag };
}

function documentOf({ id, etag: _, ...body }: Note): Document {
  return {
    id,
    kind: body.deletedAt === undefined ? KIND : `${KIND}.deleted`,
    body: body as unknown as Json,
    ix: { eventId: body.eventId, noteKind: body.kind },
  };
}

function mayRead(actor: Actor, kind: NoteKind): boolean {
  return !isCustomer(actor) || kind === 'customer';
}

export async function listNotes(scope: Scope, eventId: string, input: ListInput) {
  const event = await scope.of(events).get(eventId);
  guardRow(scope.actor, event.state);
  const page = await scope.documents('events').query({
    kind: KIND,
    ...toQuery(noteListing, input, [
      { path: 'eventId', eq: eventId },
      ...(isCustomer(scope.actor) ? [{ path: 'noteKind', eq: 'customer' }] : []),
    ]),
  });
  return { ...page, items: page.items.map(noteOf) };
}

/** Throws `not_found` also for a note that the actor may not read. */
export async function getNote(scope: Scope, eventId: string, noteId: string): Promise<Note> {
  const [event, stored] = await Promise.all([scope.of(events).get(eventId), scope.documents('events').read(noteId)]);
  guardRow(scope.actor, event.state);
  const note = stored?.document.kind === KIND ? noteOf(stored) : undefined;
  if (!note || note.eventId !== eventId || !mayRead(scope.actor, note.kind)) throw notFound('note');
  return note;
}

function guardNotes(event: EventState, actor: Actor): void {
  guardRow(actor, event);
  if (event.status === 'cancelled' || event.status === 'archived') {
    throw wrongState(event.status, stepsFrom(event.status), 'note');
  }
}

/** A note of the actor's. Customers write notes of kind `customer` only. */
export async function addNote(scope: Scope, eventId: string, body: z.output<typeof NoteBody>): Promise<Note> {
  const { actor } = scope;
  const noteId = scope.newId();
  if (!mayRead(actor, body.kind)) {
    throw new Refusal('forbidden', 'Customers write notes of kind customer.');
  }
  const now = scope.now();
  const by = actor.userId;
  const meta = { createdAt: now, createdBy: by, modifiedAt: now, modifiedBy: by };
  const note: Note = { ...body, ...meta, id: noteId, eventId, authorName: actor.displayName, etag: '' };
  if (scope.retried && (await scope.documents('events').read(noteId))) return getNote(scope, eventId, noteId);
  await scope.of(events).execute(
    eventId,
    (event): readonly EventFact[] => {
      guardNotes(event, actor);
      return [{ type: 'EventNoteAdded', data: { noteId, kind: body.kind, content: body.content } }];
    },
    { also: () => [{ op: 'create', document: documentOf(note) }] },
  );
  return getNote(scope, eventId, noteId);
}

/** Changes a note and tells the event, in one batch, unless `decide` finds no change. `If-Match` speaks of the note. */
async function writeNote(
  scope: Scope,
  eventId: string,
  noteId: string,
  decide: (note: Note) => { readonly next: Note; readonly fact: EventFact } | undefined,
): Promise<void> {
  const ifMatch = scope.takeIfMatch(noteId);
  let next: Note | undefined;
  await scope.of(events).execute(
    eventId,
    async (event): Promise<readonly EventFact[]> => {
      guardNotes(event, scope.actor);
      const note = await getNote(scope, eventId, noteId);
      if (ifMatch && !ifMatch(note.etag)) {
        throw stale('note');
      }
      const decided = decide(note);
      next = decided?.next;
      return decided ? [decided.fact] : [];
    },
    { also: () => (next ? [{ op: 'replace', document: documentOf(next), ifMatch: next.etag }] : []) },
  );
}

/** Only the author changes what it wrote. */
export async function changeNote(
  scope: Scope,
  eventId: string,
  noteId: string,
  revise: (current: { readonly content: string }) => { readonly content: string },
): Promise<Note> {
  await writeNote(scope, eventId, noteId, (note) => {
    if (note.createdBy !== scope.actor.userId) throw new Refusal('forbidden', 'Only its author changes a note.');
    const { content } = revise({ content: note.content });
    if (content === note.content) return undefined;
    const changes = { content: { from: note.content, to: content } };
    const next = { ...note, content, modifiedAt: scope.now(), modifiedBy: scope.actor.userId };
    return { next, fact: { type: 'EventNoteUpdated', data: { noteId, kind: note.kind, changes } } };
  });
  return getNote(scope, eventId, noteId);
}

/** The author deletes it, or a manager (`events:approve`). */
export async function removeNote(scope: Scope, eventId: string, noteId: string): Promise<void> {
  const { actor } = scope;
  await writeNote(scope, eventId, noteId, (note) => {
    if (note.createdBy !== actor.userId && !may(actor, 'events:approve')) {
      throw new Refusal('forbidden', 'Only its author or a manager deletes a note.');
    }
    const next = { ...note, deletedAt: scope.now(), deletedBy: actor.userId };
    return { next, fact: { type: 'EventNoteDeleted', data: { noteId, kind: note.kind } } };
  });
}
