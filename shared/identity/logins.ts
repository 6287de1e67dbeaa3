/** Usernames are unique on the platform: one document each, taken before the account is made. */
import * as z from 'zod';
import { later, SECOND } from '../platform/clock.ts';
import { text } from '../platform/fields.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Platform, Scope } from '../platform/scope.ts';
import type { Document, Stored } from '../platform/store.ts';
import { CommitRefused } from '../platform/store.ts';

/** 3 to 100 characters without spaces, compared case-insensitively. */
export const Username = text(3, 100)
  .refine((value) => !/\s/u.test(value), { message: 'must not hold spaces' })
  .meta({ personal: 'identity', example: 'ada@example.com' });

/** How a username is compared: typed with blanks around it (as keyboards of phones do) it is the same. */
export function normalUsername(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase();
}

const Login = z.object({ orgId: z.string(), userId: z.string(), reservedAt: z.string() });
type Login = z.output<typeof Login>;

const ID = 'login';
/** After this long a reservation whose account never came into being may be taken over … */
const ABANDONED_AFTER = 60 * SECOND;
/** … and the one who made it gives up before. */
const RESERVED_FOR = 30 * SECOND;

async function stored(platform: Platform, username: string): Promise<Stored | undefined> {
  return platform.store.read('logins', [normalUsername(username)], ID);
}

/** Whose username this is; it may be a mere reservation, without an account. */
export async function findLogin(platform: Platform, username: string): Promise<Login | undefined> {
  const found = await stored(platform, username);
  return found && Login.parse(found.document.body);
}

export function usernameTaken(): Refusal {
  return new Refusal('already_exists', 'This username is in use.', { field: 'username' });
}

async function hasAccount(platform: Platform, { orgId, userId }: Login): Promise<boolean> {
  return (await platform.store.read('identity', [orgId], userId)) !== undefined;
}

/** Whether the username is that of another account than this. */
export async function isTaken(platform: Platform, username: string, userId: string): Promise<boolean> {
  const login = await findLogin(platform, username);
  return login !== undefined && login.userId !== userId && (await hasAccount(platform, login));
}

export interface Reservation {
  /** Throws when the reservation may have passed to somebody else; to be asked right before the account is committed. */
  check(): void;
  /** Gives the username back; for accounts that were not made. */
  release(): Promise<void>;
}

/**
 * Takes a username for an account about to be made. Throws `already_exists`. A crash before the account is there
 * leaves a reservation, which the next one to ask takes over after a minute.
 */
export async function reserveLogin(
  scope: Scope,
  username: string,
  account: { readonly orgId: string; readonly userId: string },
): Promise<Reservation> {
  const { platform } = scope;
  const partition = [normalUsername(username)];
  const reservedAt = scope.now();
  const document: Document = { id: ID, kind: 'login', body: { ...account, reservedAt } };
  const found = await stored(platform, username);
  let etag: string | undefined;
  try {
    if (!found) [etag] = await platform.store.commit('logins', partition, [{ op: 'create', document }]);
    else {
      const login = Login.parse(found.document.body);
      const own = login.userId === account.userId;
      const live = later(login.reservedAt, ABANDONED_AFTER) > reservedAt || (await hasAccount(platform, login));
      if (live && !own) throw usernameTaken();
      [etag] = await platform.store.commit('logins', partition, [{ op: 'replace', document, ifMatch: found.etag }]);
    }
  } catch (error) {
    throw error instanceof CommitRefused ? usernameTaken() : error;
  }
  return {
    check() {
      if (later(reservedAt, RESERVED_FOR) > scope.now()) return;
      throw new Refusal('unavailable', 'This took too long; try again.', { retryAfter: 1 });
    },
    async release() {
      if (await hasAccount(platform, { ...account, reservedAt })) return;
      try {
        await platform.store.commit('logins', partition, [{ op: 'delete', id: ID, ifMatch: etag ?? '' }]);
      } catch (error) {
        // Somebody else's by now: nothing to give back.
        if (!(error instanceof CommitRefused)) throw error;
      }
    },
  };
}
