/** Organizations and their users: states, facts, and how the one follows from the other. */
import * as z from 'zod';
import { aggregate } from '../platform/aggregate.ts';
import { type Changes, withChanges } from '../platform/changes.ts';
import { Country, Email, TimeZone, text } from '../platform/fields.ts';
import type { Picture } from '../platform/pictures.ts';
import { fold, wordsOf } from '../platform/words.ts';

const OrganizationSettings = z
  .strictObject({
    /** BCP 47, for what is written to people. */
    locale: z
      .string()
      .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/, { message: 'must be a language tag such as en-GB' })
      .default('en'),
    weekStartsOn: z.enum(['monday', 'sunday', 'saturday']).default('monday'),
  })
  .meta({ id: 'OrganizationSettings' });

/** Everything of an organization that can be changed. */
export const OrganizationFields = z.strictObject({
  name: text(2, 200),
  country: Country.meta({ description: 'Also the default region of phone numbers' }),
  timeZone: TimeZone.meta({ description: 'Default time zone' }),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, { message: 'must be an ISO 4217 code such as USD' })
    .refine((code) => Intl.supportedValuesOf('currency').includes(code), { message: 'must be a currency that exists' })
    .meta({ example: 'USD' }),
  settings: OrganizationSettings.prefault({}),
});
export type OrganizationState = z.output<typeof OrganizationFields>;

/** What a new organization starts with; its admin changes it at `PATCH /organization`. */
export const organizationDefaults: Omit<OrganizationState, 'name'> = {
  country: 'US',
  timeZone: 'Etc/UTC',
  currency: 'USD',
  settings: { locale: 'en', weekStartsOn: 'monday' },
};

export type OrganizationFact =
  | { readonly type: 'OrganizationCreated'; readonly data: OrganizationState }
  | { readonly type: 'OrganizationUpdated'; readonly data: { readonly changes: Changes } };

export const organizations = aggregate<OrganizationState, OrganizationFact>({
  kind: 'organization',
  container: 'identity',
  noun: 'organization',
  deletedBy: [],
  evolve(state, fact) {
    if (fact.type === 'OrganizationCreated') return fact.data;
    if (!state) throw new Error(`${fact.type} of an organization that was never created`);
    return withChanges(state, fact.data.changes);
  },
  index: ({ name }) => ({ ix: { name: fold(name) } }),
});

export interface UserState {
  readonly username: string;
  readonly email?: string;
  readonly displayName: string;
  /** Names of built-in roles and ids of the organization's own. */
  readonly roles: readonly string[];
  readonly status: 'active' | 'suspended';
  readonly customerId?: string;
  readonly staffId?: string;
  readonly avatar?: Picture;
  readonly lastSignInAt?: string;
  /** What it signed in from, in words (`Firefox on Linux`), latest first. */
  readonly devices?: readonly string[];
  /** Wrong passwords since the last right one or the last lock. */
  readonly failures: number;
  readonly lockedUntil?: string;
  /** Sessions of a smaller epoch are over. */
  readonly epoch: number;
  /** The one link that may set a new password now; `version` counts all that there were. */
  readonly reset: { readonly version: number; readonly expiresAt?: string };
}

/** What users may change of themselves. */
export const ProfileFields = z.strictObject({
  displayName: text(1, 100).meta({ personal: 'identity' }),
  email: Email.optional(),
});

type Fact<T extends string, D> = { readonly type: T; readonly data: D };
type Nothing = Record<string, never>;

export type UserFact =
  | Fact<
      'UserAccountCreated',
      Pick<UserState, 'username' | 'email' | 'displayName' | 'roles'> & { readonly invitationId?: string }
    >
  | Fact<'UserAccountUpdated', { readonly changes: Changes }>
  | Fact<'UserAccountDeactivated' | 'UserAccountReactivated', { readonly changes: Changes }>
  | Fact<'UserRoleAssigned', { readonly role: string }>
  | Fact<'UserRoleRevoked', { readonly role: string }>
  | Fact<
      'UserLoginSuccessful',
      {
        readonly sessionId: string;
        readonly at: string;
        readonly device: string;
        /** Neither the first sign-in nor from a device that is known. */
        readonly newDevice: boolean;
      }
    >
  | Fact<'UserLoginFailed', { readonly failures: number; readonly lockedUntil?: string }>
  | Fact<'UserPasswordChanged', Nothing>
  | Fact<'UserPasswordResetRequested', { readonly version: number; readonly expiresAt: string }>
  | Fact<'UserPasswordReset', Nothing>;

export const users = aggregate<UserState, UserFact>({
  kind: 'user',
  container: 'identity',
  noun: 'user',
  deletedBy: [],
  evolve: evolveUser,
  index: (state) => ({
    ix: {
      name: fold(state.displayName),
      status: state.status,
      email: state.email ?? '',
      ...(state.customerId === undefined ? {} : { customerId: state.customerId }),
      ...(state.staffId === undefined ? {} : { staffId: state.staffId }),
    },
    sets: { roles: state.roles },
    words: wordsOf(state.displayName, state.username, state.email),
  }),
});

function evolveUser(state: UserState | undefined, fact: UserFact): UserState {
  if (fact.type === 'UserAccountCreated') {
    const { username, email, displayName, roles } = fact.data;
    const known = email === undefined ? {} : { email };
    return { username, ...known, displayName, roles, status: 'active', failures: 0, epoch: 0, reset: { version: 0 } };
  }
  if (!state) throw new Error(`${fact.type} of a user that was never created`);
  switch (fact.type) {
    case 'UserAccountUpdated':
      return withChanges(state, fact.data.changes);
    case 'UserAccountDeactivated':
      return { ...state, status: 'suspended', epoch: state.epoch + 1 };
    case 'UserAccountReactivated':
      return { ...unlocked(state), status: 'active' };
    case 'UserRoleAssigned':
      return { ...state, roles: [...state.roles, fact.data.role] };
    case 'UserRoleRevoked':
      return { ...state, roles: state.roles.filter((role) => role !== fact.data.role) };
    case 'UserLoginFailed': {
      const { failures, lockedUntil } = fact.data;
      return lockedUntil === undefined ? { ...state, failures } : { ...state, failures: 0, lockedUntil };
    }
    case 'UserPasswordChanged':
      return { ...state, epoch: state.epoch + 1, reset: { version: state.reset.version } };
    case 'UserPasswordReset':
      return { ...unlocked(state), epoch: state.epoch + 1, reset: { version: state.reset.version } };
    case 'UserPasswordResetRequested':
      return { ...state, reset: fact.data };
    case 'UserLoginSuccessful':
      return { ...unlocked(state), lastSignInAt: fact.data.at, devices: withDevice(state, fact.data.device) };
  }
}

function unlocked({ lockedUntil: _, ...state }: UserState): UserState {
  return { ...state, failures: 0 };
}

const MOST_DEVICES = 20;

function withDevice({ devices = [] }: UserState, device: string): readonly string[] {
  return [device, ...devices.filter((known) => known !== device)].slice(0, MOST_DEVICES);
}
