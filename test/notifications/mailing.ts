/** What the tests of mail share: sending what is queued, the timer, and the log. */
import { heldMail } from '../../functions/timers/held-mail.ts';
import { Mail } from '../../shared/notifications/mails.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { scopeOf } from '../../shared/platform/scope.ts';
import type { Person } from '../support/callers.ts';
import type { Desk } from './support.ts';

/** Facts of a type in the organization's notifications. */
export async function facts(here: Desk, type: string): Promise<Fact[]> {
  const { items } = await here.platform.store.query('notifications', [here.orgId], { kind: 'fact', limit: 1000 });
  return items.map(({ document }) => document.body as unknown as Fact).filter((fact) => fact.type === type);
}

/** Brings every queued mail's fact to the reaction, as often as there are processes. */
export async function sendQueued(here: Desk, ...on: Platform[]): Promise<void> {
  const queued = await facts(here, 'MailQueued');
  await Promise.all(
    (on.length > 0 ? on : [here.platform]).flatMap((platform) =>
      queued.map((fact) => here.react('send-mail', fact, platform)),
    ),
  );
}

/** One tick of the timer for held mail. */
export async function tick(here: Desk, platform: Platform = here.platform): Promise<void> {
  await heldMail.handle(scopeOf(platform, { actor: systemActor(''), correlationId: 'test' }));
}

/** The user's mails, as they are logged. */
export async function log(here: Desk, person: Person): Promise<Mail[]> {
  const partition = [here.orgId, person.actor.userId];
  const { items } = await here.platform.store.query('notifications', partition, { kind: 'mail', limit: 100 });
  return items.map(({ document }) => Mail.parse(document.body));
}
