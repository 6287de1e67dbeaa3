/** Notes on events (REQ-EVT-030). */
import * as z from 'zod';
import {
  addNote,
  changeNote,
  getNote,
  listNotes,
  NoteBody,
  NoteChange,
  NoteView,
  noteListing,
  removeNote,
  shownNote,
} from '../../shared/events/notes.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';

const tag = 'Event notes';
const ofEvent = z.object({ eventId: Id });
const ofNote = z.object({ eventId: Id, noteId: Id });

const list = listRoute({
  tag,
  path: 'events/{eventId}/notes',
  summary: "List an event's notes, newest first",
  description: 'Customers see those of kind `customer`.',
  access: 'events:read',
  params: ofEvent,
  list: noteListing,
  item: NoteView,
  handle: async ({ params: { eventId }, query }, scope) => ({
    body: shownPage(await listNotes(scope, eventId, query), shownNote),
  }),
});

const add = route({
  tag,
  method: 'POST',
  path: 'events/{eventId}/notes',
  summary: 'Write a note',
  access: 'events:write',
  params: ofEvent,
  body: NoteBody,
  reply: NoteView,
  refusals: ['wrong_state'],
  async handle({ params: { eventId }, body }, scope) {
    const note = await addNote(scope, eventId, body);
    return { body: shownNote(note), etag: note.etag, location: `events/${eventId}/notes/${note.id}` };
  },
});

const read = route({
  tag,
  method: 'GET',
  path: 'events/{eventId}/notes/{noteId}',
  summary: 'Read a note',
  access: 'events:read',
  params: ofNote,
  reply: NoteView,
  async handle({ params: { eventId, noteId } }, scope) {
    const note = await getNote(scope, eventId, noteId);
    return { body: shownNote(note), etag: note.etag };
  },
});

const change = reviseRoutes({
  tag,
  path: 'events/{eventId}/notes/{noteId}',
  summary: 'Change a note of your own',
  access: 'events:write',
  params: ofNote,
  fields: NoteChange,
  reply: NoteView,
  refusals: ['wrong_state'],
  async handle({ params: { eventId, noteId }, revise }, scope) {
    const note = await changeNote(scope, eventId, noteId, revise);
    return { body: shownNote(note), etag: note.etag };
  },
});

const remove = route({
  tag,
  method: 'DELETE',
  path: 'events/{eventId}/notes/{noteId}',
  summary: 'Delete a note of your own; managers, any',
  access: 'events:write',
  params: ofNote,
  refusals: ['wrong_state'],
  async handle({ params: { eventId, noteId } }, scope) {
    await removeNote(scope, eventId, noteId);
    return {};
  },
});

export const eventNoteRoutes: readonly Route[] = [list, add, read, ...change, remove];
