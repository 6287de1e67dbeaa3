/** Sends mail whose time has come: after quiet hours, in digests, and what a server did not take before. */
import { mailOf } from '../../shared/identity/mails.ts';
import { postAgain, type Writing } from '../../shared/notifications/posting.ts';
import { dueMails, sendMail } from '../../shared/notifications/sending.ts';
import { timer } from '../../shared/platform/reaction.ts';

/** Servers are talked to side by side, so that one that hangs does not hold up all others. */
const SIDE_BY_SIDE = 5;

function writingOf(type: string): Writing {
  if (Object.hasOwn(mailOf, type)) return mailOf[type as keyof typeof mailOf];
  throw new Error(`Nobody writes a mail about ${type}`);
}

export const heldMail = timer({
  name: 'held-mail',
  schedule: '0 * * * * *',
  async handle(scope) {
    const { correlationId } = scope;
    for await (const page of dueMails(scope)) {
      const waiting = page.values();
      const work = async () => {
        for (const { orgId, userId, id, again } of waiting) {
          const own = scope.inOrganization(orgId);
          try {
            await (again ? postAgain(own, { userId, id, again }, writingOf(again.type)) : sendMail(own, userId, id));
          } catch (error) {
            // It stays due, and the others must not wait for it.
            scope.platform.log.error(
              { orgId, userId, mailId: id, correlationId, err: error },
              'a mail could not be worked off',
            );
          }
        }
      };
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
    }
  },
});
