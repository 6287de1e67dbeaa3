/** The terms of documents (words, beginnings, sets) as a transaction leaves them, written in one go at its end. */
import type { Rest } from './store.sqlite.aside.ts';
import type { Table } from './store.sqlite.schema.ts';
import { termsOf } from './store.sqlite.schema.ts';
import type { Document } from './store.ts';

type Termed = Pick<Document, 'id' | 'kind' | 'sets' | 'words'>;

export interface Terms {
  /** The terms of a document that is new (no `before`), changed, or gone (no `after`); `keys` as its row has them. */
  change(keys: readonly string[], n: number, before: Termed | undefined, after: Termed | undefined): void;
  /** Leaves what is to be written to the rest of the transaction. */
  settle(rest: Rest): void;
  /** Lets go of it: the transaction was rolled back. */
  forget(): void;
}

type Term = readonly [field: string, term: string];

interface Owner {
  readonly keys: readonly string[];
  readonly kind: string;
  readonly id: string;
  n: number;
  /** By field and term. */
  readonly add: Map<string, Term>;
  readonly drop: Map<string, Term>;
}

export function termsFor(table: Table): Terms {
  const { terms, prefixes } = table;
  const names = ['pk', ...prefixes, 'kind', 'id', 'n'];
  // Each row of ? is a document: its columns by name, then its terms.
  const row = names.map((name, at) => `d.value ->> ${at} AS ${name}`).join(', ');
  const rows = `SELECT ${row}, t.value ->> 0 AS field, t.value ->> 1 AS term
    FROM json_each(?) d, json_each(d.value, '$[${names.length}]') t`;
  const adding = `INSERT OR REPLACE INTO ${terms} (${names.join(', ')}, field, term) SELECT * FROM (${rows}) WHERE true`;
  const dropping = `DELETE FROM ${terms}
    WHERE (pk, kind, field, term, id) IN (SELECT pk, kind, field, term, id FROM (${rows}))`;
  let owners = new Map<string, Owner>();

  function ownerOf(keys: readonly string[], n: number, { kind, id }: Pick<Document, 'kind' | 'id'>): Owner {
    const key = `${keys[0]}\n${kind}\n${id}`;
    const known = owners.get(key);
    const owner = known ?? { keys, kind, id, n, add: new Map<string, Term>(), drop: new Map<string, Term>() };
    owner.n = n;
    if (!known) owners.set(key, owner);
    return owner;
  }

  /** What the owners add, or drop, as the statements take it. */
  function staged(which: 'add' | 'drop'): unknown[] {
    return [...owners.values()].flatMap((owner) =>
      owner[which].size === 0 ? [] : [[...owner.keys, owner.kind, owner.id, owner.n, [...owner[which].values()]]],
    );
  }

  return {
    change(keys, n, before, after) {
      const [had, has] = [keyed(before), keyed(after)];
      const same = before?.kind === after?.kind;
      if (before) {
        const owner = ownerOf(keys, n, before);
        for (const [key, term] of had) {
          if (same && has.has(key)) continue;
          owner.add.delete(key);
          owner.drop.set(key, term);
        }
      }
      if (after) {
        const owner = ownerOf(keys, n, after);
        for (const [key, term] of has) {
          if (same && had.has(key)) continue;
          owner.drop.delete(key);
          owner.add.set(key, term);
        }
      }
    },
    settle(rest) {
      const [drop, add] = [staged('drop'), staged('add')];
      owners = new Map();
      if (drop.length > 0) rest.add(dropping, JSON.stringify(drop));
      if (add.length > 0) rest.add(adding, JSON.stringify(add));
    },
    forget() {
      owners = new Map();
    },
  };
}

function keyed(document: Termed | undefined): Map<string, Term> {
  return new Map(document && termsOf(document).map(([field, term]) => [`${field}\n${term}`, [field, term]]));
}
