/** What the tests of notifications share: users of an organization, facts as they come, and what was pushed. */

import { reactions } from '../../functions/registry.ts';
import { users } from '../../shared/identity/model.ts';
import type { BuiltInRole } from '../../shared/identity/roles.ts';
import type { Priority } from '../../shared/notifications/model.ts';
import { tell } from '../../shared/notifications/telling.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { runReaction } from '../../shared/platform/react.ts';
import { type Platform, type Scope, scopeOf } from '../../shared/platform/scope.ts';
import { callerHost, type Person, someoneOf } from '../support/callers.ts';
import {
  type RecordedRealtime,
  recordedRealtime,
  type TestPlatform,
  testPlatform,
  testScope,
} from '../support/platform.ts';

interface Pushed {
  readonly userId: string;
  readonly type: string;
  readonly data: unknown;
}

export interface Desk {
  readonly platform: TestPlatform;
  readonly orgId: string;
  readonly scope: Scope;
  readonly pushed: Pushed[];
  /** A user that is stored, and its caller. */
  user(role: BuiltInRole, more?: UserInput): Promise<Person>;
  /** A fact as the bus brings it. */
  fact(type: string, more?: Partial<Fact>): Fact;
  /** Brings a fact to the reaction of that name, in this process unless another is given. */
  react(name: string, fact: Fact, platform?: Platform): Promise<void>;
  /** Tells one user something, as a reaction would. */
  told(userId: string, more?: ToldInput): Promise<void>;
  timer(): Scope;
}

interface UserInput {
  readonly email?: string | undefined;
  readonly roles?: readonly string[];
  readonly staffId?: string;
  readonly customerId?: string;
  readonly displayName?: string;
}

interface ToldInput {
  readonly category?: 'events' | 'equipment' | 'staff' | 'account' | 'system';
  readonly priority?: Priority;
  readonly title?: string;
  readonly factId?: string;
  readonly on?: Platform;
}

const closers: (() => Promise<void>)[] = [];
export async function closeDesks(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** Sockets of which only what is sent matters. */
export function sockets(send: RecordedRealtime['send']): RecordedRealtime {
  return { ...recordedRealtime(), send };
}

let made = 0;

/** An organization whose users are told things. */
export async function desk(
  at?: string,
  env: Readonly<Record<string, string>> = {},
  change: (platform: TestPlatform) => Partial<TestPlatform> = () => ({}),
): Promise<Desk> {
  const pushed: Pushed[] = [];
  const root = await testPlatform({ env, ...(at === undefined ? {} : { at }) });
  closers.push(() => root.close());
  const realtime = sockets(async (_, userId, message) => {
    pushed.push({ userId, ...message });
  });
  const platform = { ...root, realtime, ...change(root) };
  const orgId = systemIds.next();
  const host = await callerHost(platform);
  closers.push(() => host.close());
  const scope = testScope(platform, orgId);
  return {
    platform,
    orgId,
    scope,
    pushed,
    async user(role, { roles = [role], ...more } = {}) {
      made += 1;
      const userId = systemIds.next();
      const email = 'email' in more ? more.email : `user${made}@example.com`;
      const displayName = more.displayName ?? `User ${made}`;
      const known = email === undefined ? {} : { email };
      const { staffId, customerId } = more;
      const linked = { ...(staffId ? { staffId } : {}), ...(customerId ? { customerId } : {}) };
      const changes = Object.fromEntries(Object.entries(linked).map(([name, to]) => [name, { from: null, to }]));
      await scope
        .of(users)
        .create(userId, () => [
          { type: 'UserAccountCreated', data: { username: `user${made}`, ...known, displayName, roles } },
          ...(Object.keys(changes).length > 0 ? [{ type: 'UserAccountUpdated' as const, data: { changes } }] : []),
        ]);
      return host.as(someoneOf(orgId, role, { userId, ...linked }));
    },
    fact: (type, more = {}) => ({
      specversion: '1.0',
      id: systemIds.next(),
      type,
      source: 'test',
      subject: systemIds.next(),
      time: platform.clock.now(),
      data: {},
      orgid: orgId,
      actorid: 'system',
      correlationid: 'test',
      schemaversion: 1,
      ...more,
    }),
    async react(name, fact, on = platform) {
      const reaction = reactions.find((one) => one.name === name);
      if (!reaction) throw new Error(`There is no reaction ${name}`);
      await runReaction(on, reaction, fact);
    },
    async told(userId, more = {}) {
      const { category = 'events', priority = 'normal', title = 'Something happened' } = more;
      await tell(testScope(more.on ?? platform, orgId), userId, {
        factId: more.factId ?? systemIds.next(),
        time: platform.clock.now(),
        by: 'system',
        content: { type: 'info', category, priority, title, message: 'As you can see' },
        mail: true,
      });
    },
    timer: () => scopeOf(platform, { actor: systemActor(''), correlationId: 'test' }),
  };
}
