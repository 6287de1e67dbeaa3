/**
 * The log of outgoing mail. A mail is a document first: queued, perhaps held back, then sent, failed or suppressed. It
 * names its user and no address, and what it says only until it has left (spec chapter 07).
 */
import * as z from 'zod';
import { NEVER } from '../platform/clock.ts';
import type { Scope } from '../platform/scope.ts';
import type { Document, Json, Write } from '../platform/store.ts';
import { categories, Telling } from './model.ts';
import { documentsOf, factWrite } from './stored.ts';

export const MAIL = 'mail';
/** Seconds that a mail stays in the log after its end. */
const KEPT_SECONDS = 90 * 24 * 3600;

/** The fact of a mail that its slice writes anew for every try; nothing of a fact that is personal is kept here. */
export const Again = z.object({
  type: z.string(),
  id: z.string(),
  subject: z.string(),
  time: z.string(),
  data: z.object({ version: z.int().optional() }),
});
export type Again = z.output<typeof Again>;

export const Mail = z.object({
  orgId: z.string(),
  /** The user it is for; of an invitation the invitation. */
  userId: z.string(),
  about: z.enum([...categories, 'digest', 'identity']),
  state: z.enum(['queued', 'sent', 'failed', 'suppressed']),
  messageId: z.string(),
  queuedAt: z.string(),
  /** When it may leave, or is tried again. */
  dueAt: z.string(),
  attempts: z.int().min(0),
  endedAt: z.string().optional(),
  /** Why it failed or was suppressed, or last was not taken. */
  reason: z.string().optional(),
  /** While it is queued; of more than it shows only how many there were. */
  items: z.array(Telling).optional(),
  more: z.int().min(0).optional(),
  /** While it is queued, of what another slice writes. */
  again: Again.optional(),
});
export type Mail = z.output<typeof Mail>;

export function mailDocument(id: string, mail: Mail): Document {
  const queued = mail.state === 'queued';
  return {
    id,
    kind: MAIL,
    body: mail satisfies object as Json,
    ix: { dueAt: queued ? mail.dueAt : NEVER, createdAt: mail.queuedAt },
    ...(queued ? {} : { ttl: KEPT_SECONDS }),
  };
}

/** The mail at its end: what it said is gone. */
export function ended(mail: Mail, state: 'sent' | 'failed' | 'suppressed', at: string, reason?: string): Mail {
  const { items: _, more: __, reason: ___, again: ____, ...kept } = mail;
  return { ...kept, state, endedAt: at, ...(reason === undefined ? {} : { reason }) };
}

interface NewMail {
  readonly userId: string;
  readonly factId: string;
  readonly content: Telling;
  readonly dueAt: string;
}

/**
 * The subject of the facts about a mail: its own, though mails about the same fact have the same id in their users'
 * partitions. Facts of one subject are worked off one after another, and mail to many must not wait for one server.
 */
export function mailSubject(id: string, userId: string): string {
  return `${id}:${userId}`;
}

/** The writes that queue a mail of its own; the fact of it is there when it may leave at once. */
export function queueWrites(scope: Scope, { userId, factId, content, dueAt }: NewMail): readonly Write[] {
  const now = scope.now();
  const id = `mail:${factId}`;
  const document = mailDocument(id, {
    orgId: scope.orgId,
    userId,
    about: content.category,
    state: 'queued',
    messageId: `${factId}.${userId}@marquee`,
    queuedAt: now,
    dueAt,
    attempts: 0,
    items: [content],
  });
  const queued: Write = { op: 'create', document };
  if (dueAt > now) return [queued];
  return [queued, factWrite(scope, mailSubject(id, userId), { type: 'MailQueued', data: { userId, mailId: id } })];
}

/** So many are shown of a digest; of the others it says how many there are. */
const MOST_ITEMS = 100;

/** The write that puts something into the user's digest of that time, or undefined when that has left already. */
export async function digestWrite(
  scope: Scope,
  userId: string,
  content: Telling,
  slot: string,
  dueAt: string,
): Promise<Write | undefined> {
  const id = `mail:digest:${slot}`;
  const stored = await documentsOf(scope, userId).read(id);
  if (!stored) {
    const messageId = `digest.${slot.replace(/\W/g, '')}.${userId}@marquee`;
    const { orgId } = scope;
    const queuedAt = scope.now();
    const made: Mail = { orgId, userId, about: 'digest', state: 'queued', messageId, queuedAt, dueAt, attempts: 0 };
    return { op: 'create', document: mailDocument(id, { ...made, items: [content] }) };
  }
  const mail = Mail.parse(stored.document.body);
  if (mail.state !== 'queued' || mail.attempts > 0) return undefined;
  const { items = [], more = 0 } = mail;
  const next = items.length < MOST_ITEMS ? { ...mail, items: [...items, content] } : { ...mail, more: more + 1 };
  return { op: 'replace', document: mailDocument(id, next), ifMatch: stored.etag };
}
