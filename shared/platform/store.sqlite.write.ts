/** How one batch is written to the embedded store, inside a transaction that the caller holds. */
import type Database from 'libsql';
import type { Container } from './containers.ts';
import { FACT_KIND } from './facts.ts';
import type { Rest } from './store.sqlite.aside.ts';
import type { GroupOf } from './store.sqlite.groups.ts';
import { etagOf, type KnownDocuments } from './store.sqlite.known.ts';
import type { Found, Latest } from './store.sqlite.latest.ts';
import { isAlive, keyOf } from './store.sqlite.latest.ts';
import type { Value } from './store.sqlite.rows.ts';
import { newRowsFor } from './store.sqlite.rows.ts';
import type { Db, Table } from './store.sqlite.schema.ts';
import { bindable, partitionText, wordsText } from './store.sqlite.schema.ts';
import { type Termed, termsFor } from './store.sqlite.terms.ts';
import type { Document, Partition, Write } from './store.ts';
import { CommitRefused } from './store.ts';

export interface Writer {
  /** Writes a batch; the new etags, or, with nothing written, why it is refused. */
  write(
    partition: Partition,
    writes: readonly Write[],
    texts: readonly string[],
    next: () => number,
    now: number,
  ): string[] | CommitRefused;
  /** Deletes up to `most` documents that expired by `now` (seconds since 1970); how many. Each takes a number too. */
  sweep(now: number, most: number, next: () => number): number;
  /** Leaves what the transaction has yet to write to the rest of it: to be called before it commits. */
  settle(rest: Rest): void;
  /** To be called when it was rolled back. */
  forget(): void;
}

/** What this process knows of the file. */
export interface Memory {
  readonly latest: Latest;
  readonly known: KnownDocuments;
}

/** `groupOf` numbers what is new. */
export function writerOf(db: Db, table: Table, container: Container, groupOf: GroupOf, memory: Memory): Writer {
  const { documents, prefixes, fields, hasTerms } = table;
  const { latest, known } = memory;
  /** Whether what a document was before says what is to be changed. */
  const compares = hasTerms || fields.length > 0;
  const columns = [
    'pk',
    'g',
    ...prefixes,
    'id',
    'kind',
    'seq',
    'expires_at',
    'words',
    'body',
    ...fields.map((field) => `"f_${field}"`),
  ];
  const find = db
    .prepare(`SELECT n, seq, expires_at, ${compares ? 'body' : 'NULL'} FROM ${documents} WHERE pk = ? AND id = ?`)
    .raw(true);
  const bodyOf = db.prepare(`SELECT body FROM ${documents} WHERE n = ?`).raw(true);
  const rows = newRowsFor(db, table, columns);
  const updates = new Map<string, Database.Statement>();
  const remove = db.prepare(`DELETE FROM ${documents} WHERE n = ?`);
  const terms = hasTerms ? termsFor(db, table) : undefined;
  const expired = container.ttl
    ? db.prepare(`SELECT n, pk, id, body FROM ${documents} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`).raw(true)
    : undefined;

  function foundAs(key: string, pk: string, id: string): Found | undefined {
    const inside = latest.inside(key);
    if (inside) return inside.found;
    const row = find.get([pk, id]) as [number, number, number | null, string | null] | undefined;
    if (!row) return undefined;
    const [n, seq, expiresAt, text] = row;
    return { n, seq, expiresAt, ...(text === null ? {} : { text }) };
  }

  function documentOf({ n, seq, text }: Found): Document | undefined {
    if (!compares) return undefined;
    if (text !== undefined) return JSON.parse(text) as Document;
    return known.peek(seq)?.document ?? (JSON.parse(String((bodyOf.get([n]) as [string])[0])) as Document);
  }

  function fieldValue(document: Document, field: string): Value {
    const value = document.ix?.[field];
    return value === undefined ? null : bindable(value);
  }

  function values(document: Document, text: string, seq: number, now: number): Value[] {
    return [seq, endOf(document, now), wordsText(document), text];
  }

  /** The groups of a partition's text and of those of its prefixes. */
  function groupsOf(keys: readonly string[], kind: string): number[] {
    return keys.map((key) => groupOf(key, kind));
  }

  function termed(keys: readonly string[], document: Document): Termed {
    const [pk = ''] = keys;
    const groups = groupsOf(keys, document.kind);
    return { keys: prefixes.length > 0 ? [...groups, pk] : groups, document };
  }

  /** Sets nothing that stays: each column set costs an entry in every index it stands in, and groups stand in all. */
  function change(
    keys: readonly string[],
    found: Found,
    old: Document | undefined,
    document: Document,
    text: string,
    seq: number,
    now: number,
  ) {
    const same = old?.kind === document.kind;
    const moved = same ? [] : ['kind', 'g', ...prefixes];
    const bound: Value[] = same ? [] : [document.kind, ...groupsOf(keys, document.kind)];
    for (const field of fields) {
      const value = fieldValue(document, field);
      if (old && fieldValue(old, field) === value) continue;
      moved.push(`"f_${field}"`);
      bound.push(value);
    }
    const key = moved.join();
    let update = updates.get(key);
    if (!update) {
      const set = ['seq', 'expires_at', 'words', 'body', ...moved].map((column) => `${column} = ?`).join(', ');
      update = db.prepare(`UPDATE ${documents} SET ${set} WHERE n = ?`);
      updates.set(key, update);
    }
    update.run([...values(document, text, seq, now), ...bound, found.n]);
  }

  function put(
    keys: readonly string[],
    document: Document,
    text: string,
    found: Found | undefined,
    seq: number,
    now: number,
  ) {
    const [pk = ''] = keys;
    const key = keyOf(documents, pk, document.id);
    const old = found && documentOf(found);
    const n = found?.n ?? rows.nextN();
    if (found && !rows.has(key)) change(keys, found, old, document, text, seq, now);
    else {
      const own = values(document, text, seq, now);
      const ix = fields.map((field) => fieldValue(document, field));
      rows.set(key, n, [pk, ...groupsOf(keys, document.kind), document.id, document.kind, ...own, ...ix]);
    }
    latest.move(key, { n, seq, expiresAt: endOf(document, now), text, again: document.kind !== FACT_KIND });
    terms?.change(n, old && termed(keys, old), termed(keys, document));
  }

  function drop(keys: readonly string[], id: string, found: Found): void {
    const key = keyOf(documents, keys[0] ?? '', id);
    const old = terms && documentOf(found);
    if (rows.has(key)) rows.delete(key);
    else remove.run([found.n]);
    latest.move(key, undefined);
    if (old) terms?.change(found.n, termed(keys, old), undefined);
  }

  return {
    write(partition, writes, texts, next, now) {
      const keys = [partition, ...prefixes.map((_, at) => partition.slice(0, at + 1))].map(partitionText);
      const [pk = ''] = keys;
      const found = writes.map((write) => foundAs(keyOf(documents, pk, idOf(write)), pk, idOf(write)));
      for (const [index, write] of writes.entries()) {
        const refused = refusal(write, alive(found[index], now), index);
        if (refused) return refused;
      }
      return writes.map((write, index) => {
        let before = found[index];
        if (before && !alive(before, now)) {
          drop(keys, idOf(write), before);
          before = undefined;
        }
        const seq = next();
        if (write.op === 'delete') {
          if (before) drop(keys, idOf(write), before);
          return '';
        }
        put(keys, write.document, texts[index] ?? '', before, seq, now);
        return etagOf(seq);
      });
    },
    sweep(now, most, next) {
      const over = (expired?.all([now, most]) ?? []) as [number, string, string, string][];
      for (const [n, pk, id, text] of over) drop([pk], id, { n, seq: next(), expiresAt: now, text });
      return over.length;
    },
    settle(rest) {
      rows.settle(rest);
      terms?.settle(rest);
    },
    forget() {
      rows.forget();
      terms?.forget();
    },
  };
}

function idOf(write: Write): string {
  return write.op === 'delete' ? write.id : write.document.id;
}

function alive(found: Found | undefined, now: number): Found | undefined {
  return found && isAlive(found, now) ? found : undefined;
}

function endOf({ ttl }: Document, now: number): number | null {
  return ttl === undefined ? null : now + ttl;
}

function refusal(write: Write, found: Found | undefined, index: number): CommitRefused | undefined {
  if (write.op === 'upsert') return undefined;
  if (write.op === 'create') return found && new CommitRefused('exists', index);
  if (!found) return new CommitRefused('missing', index);
  const stale = write.ifMatch !== undefined && write.ifMatch !== etagOf(found.seq);
  return stale ? new CommitRefused('stale', index) : undefined;
}
