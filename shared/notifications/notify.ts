/** From a fact to all who are to be told of it, each exactly once, page by page (REQ-NTF-002, 020 to 023). */
import * as z from 'zod';
import { users } from '../identity/model.ts';
import type { Fact } from '../platform/facts.ts';
import type { Scope } from '../platform/scope.ts';
import { aboutOf } from './about.ts';
import { holdersOf, isActive, peopleOf, type RolesHolding, readersOf, type User } from './audience.ts';
import { Content, type Telling } from './model.ts';
import { rowsFor } from './policy.ts';
import { tell } from './telling.ts';
import { tellingOf } from './wording.ts';

/** Users told side by side; each is a partition of its own. */
const SIDE_BY_SIDE = 8;

/** Tells whom the policy names, or an announcement. Done again it tells those who were not reached, and nobody twice. */
export async function notify(fact: Fact, scope: Scope, rolesHolding: RolesHolding): Promise<void> {
  if (fact.type === 'NotificationAnnounced') return announced(fact, scope);
  const rows = rowsFor(fact.type);
  // Most sign-ins are from known devices: nothing is looked up for them.
  if (!rows.some(({ when }) => !when || fact.source === 'event' || when({ data: fact.data, now: scope.now() }))) return;
  const about = await aboutOf(scope, fact);
  if (!about) return;
  const told = new Set<string>();
  for (const row of rows) {
    if (row.when && !row.when(about)) continue;
    if (row.toActor !== true) told.add(fact.actorid);
    const content = tellingOf(row, about);
    const mayRead = await readersOf(scope, row, about, rolesHolding);
    for (const audience of row.to) {
      for await (const page of peopleOf(scope, audience, fact, about, rolesHolding)) {
        await tellAll(scope, fact, page.filter(mayRead), told, content, row.mail !== 'elsewhere');
      }
    }
  }
}

/** Tells a page of users, but for those in `told`, whom it adds to. */
async function tellAll(
  scope: Scope,
  fact: Fact,
  page: readonly User[],
  told: Set<string>,
  content: Telling,
  mail: boolean,
): Promise<void> {
  const fresh = page.filter(({ id }) => !told.has(id));
  for (const { id } of fresh) told.add(id);
  const waiting = fresh.values();
  const notice = { factId: fact.id, time: fact.time, by: fact.actorid, content };
  async function work(): Promise<void> {
    for (const { id, state } of waiting) {
      await tell(scope, id, { ...notice, mail: mail && state.email !== undefined });
    }
  }
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, fresh.length) }, work));
}

const Announcement = z.object({
  userIds: z.array(z.string()).optional(),
  roles: z.array(z.string()).optional(),
  content: Content,
});

async function announced(fact: Fact, scope: Scope): Promise<void> {
  const { userIds = [], roles = [], content } = Announcement.parse(fact.data);
  const told = new Set<string>();
  for (let at = 0; at < userIds.length; at += SIDE_BY_SIDE) {
    const some = userIds.slice(at, at + SIDE_BY_SIDE);
    const found = await Promise.all(some.map((id) => scope.of(users).find(id)));
    await tellAll(scope, fact, found.filter(isActive), told, content, true);
  }
  for await (const page of holdersOf(scope, roles)) await tellAll(scope, fact, page, told, content, true);
}
