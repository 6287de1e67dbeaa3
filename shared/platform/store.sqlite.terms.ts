/** The terms of documents (words, beginnings, sets) as a transaction leaves them, written in one go at its end. */
import type { Rest } from './store.sqlite.aside.ts';
import type { Value } from './store.sqlite.rows.ts';
import { inserting } from './store.sqlite.rows.ts';
import type { Table, Term } from './store.sqlite.schema.ts';
import { termsOf } from './store.sqlite.schema.ts';
import type { Document } from './store.ts';

/** A document as its terms see it; `keys` are its columns `termKeys`, of which the first is its group. */
export interface Termed {
  readonly keys: readonly Value[];
  readonly document: Pick<Document, 'id' | 'sets' | 'words'>;
}

export interface Terms {
  /** The terms of a document that is new (no `before`), changed, or gone (no `after`); how many it has lost. */
  change(n: number, before: Termed | undefined, after: Termed | undefined): number;
  /** Leaves all of it to the rest of the transaction. */
  settle(rest: Rest): void;
  /** Lets go of it: the transaction was rolled back. */
  forget(): void;
}

interface Owner {
  readonly keys: readonly Value[];
  readonly id: string;
  n: number;
  /** By field and term. */
  readonly add: Map<string, Term>;
  readonly drop: Map<string, Term>;
}

/**
 * Takes one term from a document; `?` is group, field, term and id as JSON. One at a time: of a list of keys the engine
 * would use the group alone, and read all of it. There are few.
 */
export function dropTermSql({ terms }: Table): string {
  return `WITH k AS MATERIALIZED (SELECT ? AS row) DELETE FROM ${terms} WHERE (g, field, term, id) =
    (SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3 FROM k)`;
}

export function termsFor(table: Table): Terms {
  const { terms, termKeys, starts } = table;
  // Each row of ? is one term, with all columns in this order: telling a document's once would cost a JSON path a row.
  const names = ['field', 'term', 'id', 'n', ...termKeys];
  const adding = inserting(terms, names, 'OR REPLACE');
  const dropping = dropTermSql(table);
  let owners = new Map<string, Owner>();

  function ownerOf(n: number, { keys, document: { id } }: Termed): Owner {
    const key = `${keys[0]}\n${id}`;
    const known = owners.get(key);
    const owner = known ?? { keys, id, n, add: new Map<string, Term>(), drop: new Map<string, Term>() };
    owner.n = n;
    if (!known) owners.set(key, owner);
    return owner;
  }

  /** What the owners add, as the statement takes it. */
  function added(): Value[][] {
    return [...owners.values()].flatMap(({ add, id, n, keys }) =>
      [...add.values()].map((term) => [...term, id, n, ...keys]),
    );
  }

  /** By field and term. */
  function of(one: Termed | undefined): ReadonlyMap<string, Term> {
    return one ? termsOf(one.document, starts) : NONE;
  }

  return {
    change(n, before, after) {
      const [had, has] = [of(before), of(after)];
      const same = before?.keys[0] === after?.keys[0];
      let lost = 0;
      if (before && had.size > 0) {
        const owner = ownerOf(n, before);
        for (const [key, term] of had) {
          if (same && has.has(key)) continue;
          owner.add.delete(key);
          owner.drop.set(key, term);
          lost += 1;
        }
      }
      if (after && has.size > 0) {
        const owner = ownerOf(n, after);
        for (const [key, term] of has) {
          if (same && had.has(key)) continue;
          owner.drop.delete(key);
          owner.add.set(key, term);
        }
      }
      return lost;
    },
    settle(rest) {
      if (owners.size === 0) return;
      for (const owner of owners.values()) {
        for (const term of owner.drop.values()) {
          rest.add(dropping, JSON.stringify([owner.keys[0], ...term, owner.id]));
        }
      }
      const add = added();
      owners = new Map();
      if (add.length > 0) rest.add(adding, JSON.stringify(add));
    },
    forget() {
      owners = new Map();
    },
  };
}

const NONE: ReadonlyMap<string, Term> = new Map();
