/** Sends queued mail, under the preferences of that moment. */
import * as z from 'zod';
import { users } from '../identity/model.ts';
import { duePages } from '../platform/due.ts';
import type { Fact } from '../platform/facts.ts';
import { filled, type Values } from '../platform/mail.template.ts';
import type { Message } from '../platform/mail.ts';
import type { Scope } from '../platform/scope.ts';
import { zoneOf } from '../platform/zone.ts';
import { digest, notification } from './mail/templates.ts';
import { type Again, MAIL, Mail } from './mails.ts';
import type { Content } from './model.ts';
import type { Preferences } from './preferences.model.ts';
import { readPreferences } from './preferences.ts';
import { afterQuiet, passes } from './quiet.ts';
import { tryMail } from './trying.ts';
import { type Subject, unsubscribeLink } from './unsubscribing.ts';
import { wordedAnew } from './wording.ts';

interface Addressed {
  readonly to: string;
  readonly name: string;
  readonly items: readonly Content[];
}

/** Quiet hours that have begun since it was queued, or before an outage was over. */
interface Held {
  readonly until: string;
}

async function heldUntil(
  scope: Scope,
  { quietHours }: Preferences,
  items: readonly Content[],
): Promise<Held | undefined> {
  if (!quietHours) return undefined;
  const now = scope.now();
  const zone = await zoneOf(quietHours.timeZone, { start: now, end: now });
  const urgent = items.some(({ priority }) => priority === 'urgent');
  const until = afterQuiet(now, quietHours, urgent ? 'urgent' : 'high', zone);
  return until > now ? { until } : undefined;
}

/** Whom it goes to and what it says under the present state of things, or why it does not go, now or at all. */
async function addressed(scope: Scope, mail: Mail): Promise<Addressed | Held | string> {
  const [user, { preferences }] = await Promise.all([
    scope.of(users).find(mail.userId),
    readPreferences(scope, mail.userId),
  ]);
  if (user?.state.status !== 'active') return 'the user is not active';
  const { email: to, displayName: name } = user.state;
  if (to === undefined) return 'the user has no address';
  const now = scope.now();
  const inTime = (mail.items ?? []).filter(({ until }) => until === undefined || now < until);
  if (inTime.length === 0) return 'it would come too late';
  const items = inTime.filter((content) => passes(preferences, 'email', content));
  if (items.length === 0) return 'the user wants no such mail';
  const held = await heldUntil(scope, preferences, items);
  if (held) return held;
  const anew = await Promise.all(items.map((content) => wordedAnew(scope, content)));
  const said = anew.filter((content) => content !== undefined);
  return said.length === 0 ? 'it reminds of a time that is no more' : { to, name, items: said };
}

function hrefOf(scope: Scope, { link }: Content): string {
  const base = scope.platform.publicUrl();
  return link ? `${base}/${link.resource}/${link.id}` : `${base}/notifications`;
}

function itemValues(scope: Scope, content: Content): Values {
  return { title: content.title, message: content.message, link: hrefOf(scope, content) };
}

async function messageFor(scope: Scope, mail: Mail, { to, name, items }: Addressed): Promise<Message> {
  const subject: Subject = mail.about === 'identity' ? 'account' : mail.about;
  const unsubscribe = await unsubscribeLink(scope, mail.userId, subject);
  const headers = {
    'List-Unsubscribe': `<${unsubscribe}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    'Auto-Submitted': 'auto-generated',
  };
  const [only] = items;
  const more = mail.more ?? 0;
  const values = {
    name,
    unsubscribe,
    count: items.length + more === 1 ? 'One notification' : `${items.length + more} notifications`,
    more: more === 0 ? '' : `And ${more} more.`,
  };
  const written =
    mail.about !== 'digest' && only
      ? filled(notification, { ...values, ...itemValues(scope, only) })
      : filled(
          digest,
          values,
          items.map((item) => itemValues(scope, item)),
        );
  return { to, messageId: mail.messageId, headers, ...written };
}

/** Tries to send a mail if it is queued and due, as `tryMail` says. */
export function sendMail(scope: Scope, userId: string, id: string): Promise<void> {
  return tryMail(scope, userId, id, async (mail) => {
    const whom = await addressed(scope, mail);
    if (typeof whom === 'string') return { suppressed: whom };
    return 'until' in whom ? whom : { compose: () => messageFor(scope, mail, whom) };
  });
}

interface DueMail {
  readonly orgId: string;
  readonly userId: string;
  readonly id: string;
  /** Of what another slice writes anew. */
  readonly again?: Again | undefined;
}

const PAGE = 50;

/** Mail of all organizations that may leave by now, longest due first, page by page. */
export async function* dueMails(scope: Scope): AsyncGenerator<readonly DueMail[]> {
  for await (const { items } of duePages(scope, { container: 'notifications', kind: MAIL, at: 'dueAt', limit: PAGE })) {
    yield items.map(({ document }) => {
      const { orgId, userId, again } = Mail.parse(document.body);
      return { orgId, userId, id: document.id, again };
    });
  }
}

const Queued = z.object({ userId: z.string(), mailId: z.string() });

/** Sends the mail that a fact is about. */
export function sendMailOf(fact: Fact, scope: Scope): Promise<void> {
  const { userId, mailId } = Queued.parse(fact.data);
  return sendMail(scope, userId, mailId);
}
