/**
 * A partition (or a prefix of one) and a kind as one small number: it stands first in every index, in place of some
 * 45 characters. A file has each pair once, for good, so what is known of it never grows stale.
 */
import { LRUCache } from 'lru-cache';
import type { Rest } from './store.sqlite.aside.ts';
import type { Statements } from './store.sqlite.statements.ts';

/** The number of a scope (the text of a partition or of a prefix) and a kind. */
export type GroupOf = (scope: string, kind: string) => number;

export const GROUPS = `CREATE TABLE IF NOT EXISTS groups (g INTEGER PRIMARY KEY, scope TEXT NOT NULL,
  kind TEXT NOT NULL, UNIQUE (scope, kind))`;

/** What no document is in. */
export const NO_GROUP = -1;
const MOST_KNOWN = 10_000;
const FIND = 'SELECT g FROM groups WHERE scope = ? AND kind = ?';
const LAST = 'SELECT coalesce(max(g), 0) FROM groups';
const ADD = `INSERT INTO groups (g, scope, kind)
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`;

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

interface NewGroups {
  /** A pair that is new gets the next number. */
  readonly groupOf: GroupOf;
  /** Leaves the new ones to the rest of the transaction. */
  settle(rest: Rest): void;
  /** Another process has written: the next number is not known any more. */
  forget(): void;
  /** A transaction was rolled back, and with it groups that were new. */
  lost(): void;
}

/** For writing. `statements` see what is committed; what this process has yet to commit is known here. */
export function newGroupsFor(statements: Statements): NewGroups {
  const known = knownGroups();
  let last: number | undefined;
  let added: [g: number, scope: string, kind: string][] = [];

  function numbered(scope: string, kind: string): number {
    last = (last ?? statements.row<[number]>(LAST, [])?.[0] ?? 0) + 1;
    added.push([last, scope, kind]);
    return last;
  }

  return {
    groupOf(scope, kind) {
      const key = keyOf(scope, kind);
      const there = known.get(key);
      if (there !== undefined) return there;
      const g = statements.row<[number]>(FIND, [scope, kind])?.[0] ?? numbered(scope, kind);
      known.set(key, g);
      return g;
    },
    settle(rest) {
      if (added.length > 0) rest.add(ADD, JSON.stringify(added));
      added = [];
    },
    forget() {
      last = undefined;
      added = [];
    },
    lost: () => known.clear(),
  };
}

function knownGroups(): LRUCache<string, number> {
  return new LRUCache<string, number>({ max: MOST_KNOWN });
}

function keyOf(scope: string, kind: string): string {
  // The text of a partition never has this character.
  return `${scope}\0${kind}`;
}
