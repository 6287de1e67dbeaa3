/** Who asks: a signed-in user, the public, or the system itself (reactions, timers). */

export interface Actor {
  readonly kind: 'user' | 'public' | 'system';
  /** `public` and `system` for those. */
  readonly userId: string;
  readonly orgId: string;
  readonly username: string;
  readonly displayName: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  readonly privileges: ReadonlySet<string>;
  /** The customer a user of role `customer` is linked to. */
  readonly customerId?: string;
  /** The staff member a user is linked to. */
  readonly staffId?: string;
}

const nobody = { username: '', displayName: '', sessionId: '', roles: [], privileges: new Set<string>() } as const;

export const publicActor: Actor = { kind: 'public', userId: 'public', orgId: '', ...nobody };

export function systemActor(orgId: string): Actor {
  return { kind: 'system', userId: 'system', orgId, ...nobody };
}

/** Whether the actor holds a privilege (`events:approve`); the system holds all. */
export function may(actor: Actor, privilege: string): boolean {
  return actor.kind === 'system' || actor.privileges.has(privilege);
}
