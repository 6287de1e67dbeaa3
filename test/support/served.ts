/** An organization behind real HTTP, with real Azurite and the relay; only who signs in is told rather than proved. */
import { inject } from 'vitest';
import { startRelay } from '../../infra/local/relay.ts';
import { type OrganizationState, organizationDefaults, organizations } from '../../shared/identity/model.ts';
import type { BuiltInRole } from '../../shared/identity/roles.ts';
import { type Actor, systemActor } from '../../shared/platform/actor.ts';
import { openBlobs } from '../../shared/platform/blobs.azure.ts';
import type { Blobs } from '../../shared/platform/blobs.ts';
import { systemClock, systemIds } from '../../shared/platform/clock.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import { type Caller, callerHost, someoneOf } from './callers.ts';
import { type TestPlatform, testPlatform, testScope } from './platform.ts';

export interface Served {
  /** With real blobs. */
  readonly platform: Omit<TestPlatform, 'blobs'> & { readonly blobs: Blobs };
  readonly orgId: string;
  readonly origin: string;
  readonly manager: Caller;
  /** A caller of a role, in this organization unless another is given. */
  as(role: BuiltInRole, more?: Partial<Actor>): Caller;
  /** Work inside the organization, as the system. */
  scope(on?: Platform): Scope;
  /** Waits until every reaction has run. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

interface Serving {
  /** Where the clock starts. */
  readonly at?: string | undefined;
  readonly organization?: Partial<OrganizationState>;
  readonly reactions: readonly Reaction[];
}

export async function served({ at = '2026-10-01T09:00:00Z', organization, reactions }: Serving): Promise<Served> {
  const testing = await testPlatform({ at, env: { RATE_SIGNED_IN: '1000000', RATE_UPLOADS: '1000000' } });
  const blobs = openBlobs({ connectionString: inject('azurite'), clock: systemClock });
  const platform = { ...testing, blobs };
  const orgId = systemIds.next();
  const relay = startRelay({ platform, reactions, folder: testing.folder, poll: 20 });
  const host = await callerHost(platform);
  const data = { ...organizationDefaults, name: 'The organization', ...organization };
  await testScope(platform, orgId)
    .of(organizations)
    .create(orgId, () => [{ type: 'OrganizationCreated', data }]);
  const as = (role: BuiltInRole, more?: Partial<Actor>) => host.as(someoneOf(orgId, role, more));
  return {
    platform,
    orgId,
    origin: host.origin,
    manager: as('manager'),
    as,
    scope: (on = platform) => testScope(on, orgId, { actor: systemActor(orgId) }),
    async settled() {
      relay.wake();
      if (!(await relay.drained(10_000))) throw new Error('Facts are still on their way');
    },
    async close() {
      await host.close();
      await relay.stop();
      await testing.close();
    },
  };
}
