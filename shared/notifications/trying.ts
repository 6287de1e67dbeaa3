/** One try of a queued mail: by one process at a time, with growing pauses between tries, each written down. */
import { delayAfter } from '../platform/backoff.ts';
import { HOUR, later, MINUTE } from '../platform/clock.ts';
import type { Documents } from '../platform/documents.ts';
import { messageOf } from '../platform/errors.ts';
import type { Message } from '../platform/mail.ts';
import type { Scope } from '../platform/scope.ts';
import { CommitRefused, type Write } from '../platform/store.ts';
import { ended, MAIL, Mail, mailDocument, mailSubject } from './mails.ts';
import { documentsOf, factWrite } from './stored.ts';

/** Tries before a mail has failed: over some two hours. */
export const MOST_TRIES = 8;
const FIRST_PAUSE = MINUTE;
const LONGEST_PAUSE = HOUR;
/** A try may take so long; one that is not heard of by then is made once more. */
const TRY_TAKES = 5 * MINUTE;

/** What a mail comes to under the present state of things: its message, or why it does not go, now or at all. */
type Ready =
  | { readonly compose: () => Promise<Message> }
  | { readonly until: string }
  | { readonly suppressed: string };

/**
 * Tries to send a mail if it is queued and due. Whoever takes it first tries; a crash in the middle leaves it to be
 * tried again, under the same Message-ID. Never throws for what the mail server says: that is logged with the mail.
 */
export async function tryMail(
  scope: Scope,
  userId: string,
  id: string,
  prepare: (mail: Mail) => Promise<Ready>,
): Promise<void> {
  const documents = documentsOf(scope, userId);
  const stored = await documents.read(id);
  if (stored?.document.kind !== MAIL) return;
  const now = scope.now();
  const before = Mail.parse(stored.document.body);
  if (before.state !== 'queued' || before.dueAt > now) return;
  // Its tries brought down whoever made them, or could not even be written: not for ever.
  if (before.attempts >= MOST_TRIES) {
    const { mail, facts } = failed(scope, id, before, 'no try came to an end');
    return replaced(documents, id, mail, stored.etag, facts);
  }
  const taken: Mail = { ...before, attempts: before.attempts + 1, dueAt: later(now, TRY_TAKES) };
  let etag: string | undefined;
  try {
    [etag] = await documents.commit([{ op: 'replace', document: mailDocument(id, taken), ifMatch: stored.etag }]);
  } catch (error) {
    if (error instanceof CommitRefused) return;
    throw error;
  }
  const { mail, facts } = await tried(scope, id, taken, await prepare(taken));
  await replaced(documents, id, mail, etag ?? '', facts);
}

/** Writes down what became of a try, unless that took longer than it may and somebody else has made another. */
async function replaced(
  documents: Documents,
  id: string,
  mail: Mail,
  ifMatch: string,
  facts: readonly Write[],
): Promise<void> {
  try {
    await documents.commit([{ op: 'replace', document: mailDocument(id, mail), ifMatch }, ...facts]);
  } catch (error) {
    if (!(error instanceof CommitRefused)) throw error;
  }
}

function failed(scope: Scope, id: string, mail: Mail, reason: string) {
  const { userId } = mail;
  const fact = factWrite(scope, mailSubject(id, userId), { type: 'MailFailed', data: { userId, reason } });
  return { mail: ended(mail, 'failed', scope.now(), reason), facts: [fact] };
}

async function tried(
  scope: Scope,
  id: string,
  mail: Mail,
  ready: Ready,
): Promise<{ readonly mail: Mail; readonly facts: readonly Write[] }> {
  const { userId } = mail;
  if ('suppressed' in ready) return { mail: ended(mail, 'suppressed', scope.now(), ready.suppressed), facts: [] };
  // It was no try.
  if ('until' in ready) return { mail: { ...mail, attempts: mail.attempts - 1, dueAt: ready.until }, facts: [] };
  try {
    await scope.platform.mail.send(await ready.compose());
    return { mail: ended(mail, 'sent', scope.now()), facts: [] };
  } catch (error) {
    const reason = messageOf(error);
    scope.platform.log.warn({ mailId: id, userId, attempts: mail.attempts, err: error }, 'a mail was not taken');
    if (mail.attempts >= MOST_TRIES) return failed(scope, id, mail, reason);
    const dueAt = later(scope.now(), delayAfter(mail.attempts, FIRST_PAUSE, LONGEST_PAUSE));
    return { mail: { ...mail, dueAt, reason }, facts: [] };
  }
}
