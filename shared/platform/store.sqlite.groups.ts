/**
 * A partition (or a prefix of one) and a kind as one small number: it stands first in every index, in place of some
 * 45 characters. A file has each pair once, for good, so what is known of it never grows stale.
 */
import { LRUCache } from 'lru-cache';
import type { Statements } from './store.sqlite.statements.ts';

/** The number of a scope (the text of a partition or of a prefix) and a kind. */
export type GroupOf = (scope: string, kind: string) => number;

export const GROUPS = `CREATE TABLE IF NOT EXISTS groups (g INTEGER PRIMARY KEY, scope TEXT NOT NULL,
  kind TEXT NOT NULL, UNIQUE (scope, kind))`;

/** What no document is in. */
export const NO_GROUP = -1;
const MOST_KNOWN = 10_000;
const FIND = 'SELECT g FROM groups WHERE scope = ? AND kind = ?';
const MAKE = 'INSERT INTO groups (scope, kind) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING g';

/** For reading: `NO_GROUP` while nothing was ever written there. */
export function groupsFor(statements: Statements): GroupOf {
  const known = knownGroups();
  return (scope, kind) => {
    const key = keyOf(scope, kind);
    const found = known.get(key) ?? statements.row<[number]>(FIND, [scope, kind])?.[0];
    if (found !== undefined) known.set(key, found);
    return found ?? NO_GROUP;
  };
}

/** For writing, inside a transaction that the caller holds: a pair that is new gets its number. */
export function newGroupsFor(statements: Statements): { readonly groupOf: GroupOf; forget(): void } {
  const known = knownGroups();
  return {
    groupOf(scope, kind) {
      const key = keyOf(scope, kind);
      // Those that are not known are mostly new: the audit of one event is a group.
      const found =
        known.get(key) ??
        (statements.row<[number]>(MAKE, [scope, kind]) ?? statements.row<[number]>(FIND, [scope, kind]))?.[0];
      if (found === undefined) throw new Error('A new group has no number');
      known.set(key, found);
      return found;
    },
    /** To be called when the transaction was rolled back. */
    forget: () => known.clear(),
  };
}

function knownGroups(): LRUCache<string, number> {
  return new LRUCache<string, number>({ max: MOST_KNOWN });
}

function keyOf(scope: string, kind: string): string {
  // The text of a partition never has this character.
  return `${scope}\0${kind}`;
}
