/**
 * Mail that somebody waits for and another slice writes (links to sign in with): sent at once, whatever the preferences,
 * and tried again with the patience of all mail. Of what it says nothing is kept: it is written anew for every try.
 */
import type { Message } from '../platform/mail.ts';
import type { Scope } from '../platform/scope.ts';
import { CommitRefused } from '../platform/store.ts';
import { Again, type Mail, mailDocument } from './mails.ts';
import { documentsOf } from './stored.ts';
import { tryMail } from './trying.ts';

type Post = (scope: Scope, about: string, message: Message) => Promise<void>;

/** Writes the mail of a fact as things are now, and posts it; where there is nothing to say any more it posts nothing. */
export type Writing = (fact: Again, scope: Scope, post: Post) => Promise<void>;

/** Writes and sends the mail of a fact, once. What the server does not take is left to `postAgain`. */
export function postOf(fact: Again, scope: Scope, write: Writing): Promise<void> {
  return write(fact, scope, async (_, about, message) => {
    const documents = documentsOf(scope, about);
    const id = `mail:${message.messageId}`;
    const now = scope.now();
    const queued: Mail = {
      orgId: scope.orgId,
      userId: about,
      about: 'identity',
      state: 'queued',
      messageId: message.messageId,
      queuedAt: now,
      dueAt: now,
      attempts: 0,
      again: Again.parse(fact),
    };
    if (!(await documents.read(id))) {
      await documents.commit([{ op: 'create', document: mailDocument(id, queued) }]).catch((error: unknown) => {
        if (!(error instanceof CommitRefused)) throw error;
      });
    }
    await tryMail(scope, about, id, async () => ({ compose: async () => message }));
  });
}

/** One more try of such a mail; suppressed when there is nothing to say any more: it was accepted, revoked or is too late. */
export function postAgain(
  scope: Scope,
  { userId, id, again }: { readonly userId: string; readonly id: string; readonly again: Again },
  write: Writing,
): Promise<void> {
  return tryMail(scope, userId, id, async () => {
    let written: Message | undefined;
    await write(again, scope, async (_, __, message) => {
      written = message;
    });
    const message = written;
    return message ? { compose: async () => message } : { suppressed: 'there is nothing to say any more' };
  });
}
