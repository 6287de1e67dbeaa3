/** How one batch is written to the embedded store, inside a transaction that the caller holds. */
import type Database from 'libsql';
import type { Container } from './containers.ts';
import type { Rest } from './store.sqlite.aside.ts';
import type { GroupOf } from './store.sqlite.groups.ts';
import type { Found, Value } from './store.sqlite.rows.ts';
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
  /** Deletes up to `most` documents that expired by `now` (seconds since 1970); how many. */
  sweep(now: number, most: number): number;
  /** Leaves what the transaction has yet to write to the rest of it: to be called before it commits. */
  settle(rest: Rest): void;
  /** To be called when it was rolled back. */
  forget(): void;
}

/** The version of a document written as the `seq`-th of its file. */
export function etagOf(seq: number): string {
  return seq.toString(36);
}

/** `groupOf` numbers what is new. */
export function writerOf(db: Db, table: Table, container: Container, groupOf: GroupOf): Writer {
  const { documents, prefixes, fields, hasTerms } = table;
  const body = hasTerms || fields.length > 0 ? 'body' : 'NULL';
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
  const find = db.prepare(`SELECT n, seq, expires_at, ${body} FROM ${documents} WHERE pk = ? AND id = ?`).raw(true);
  const rows = newRowsFor(db, table, columns);
  const updates = new Map<string, Database.Statement>();
  const remove = db.prepare(`DELETE FROM ${documents} WHERE n = ?`);
  const terms = hasTerms ? termsFor(db, table) : undefined;
  const expired = container.ttl
    ? db.prepare(`SELECT n, pk, id, body FROM ${documents} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`).raw(true)
    : undefined;

  function foundAs(pk: string, id: string): Found | undefined {
    return rows.find(pk, id)?.found ?? (find.get([pk, id]) as Found | undefined);
  }

  function fieldValue(document: Document, field: string): Value {
    const value = document.ix?.[field];
    return value === undefined ? null : bindable(value);
  }

  function values(document: Document, text: string, seq: number, now: number): Value[] {
    const ends = document.ttl === undefined ? null : now + document.ttl;
    return [seq, ends, wordsText(document), text];
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
    update.run([...values(document, text, seq, now), ...bound, found[0]]);
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
    const old = found?.[3] ? (JSON.parse(found[3]) as Document) : undefined;
    const n = found?.[0] ?? rows.nextN();
    if (found && !rows.find(pk, document.id)) change(keys, found, old, document, text, seq, now);
    else {
      const own = values(document, text, seq, now);
      const ix = fields.map((field) => fieldValue(document, field));
      const ends = document.ttl === undefined ? null : now + document.ttl;
      rows.set(pk, document.id, {
        found: [n, seq, ends, body === 'body' ? text : null],
        values: [pk, ...groupsOf(keys, document.kind), document.id, document.kind, ...own, ...ix],
      });
    }
    terms?.change(n, old && termed(keys, old), termed(keys, document));
  }

  function drop(keys: readonly string[], id: string, [n, , , text]: Found): void {
    const [pk = ''] = keys;
    if (rows.find(pk, id)) rows.delete(pk, id);
    else remove.run([n]);
    if (text) terms?.change(n, termed(keys, JSON.parse(text) as Document), undefined);
  }

  return {
    write(partition, writes, texts, next, now) {
      const keys = [partition, ...prefixes.map((_, at) => partition.slice(0, at + 1))].map(partitionText);
      const [pk = ''] = keys;
      const found = writes.map((write) => foundAs(pk, idOf(write)));
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
        if (write.op === 'delete') {
          if (before) drop(keys, idOf(write), before);
          return '';
        }
        const seq = next();
        put(keys, write.document, texts[index] ?? '', before, seq, now);
        return etagOf(seq);
      });
    },
    sweep(now, most) {
      const over = (expired?.all([now, most]) ?? []) as [number, string, string, string][];
      for (const [n, pk, id, text] of over) drop([pk], id, [n, 0, 0, text]);
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
  return found && (found[2] === null || found[2] > now) ? found : undefined;
}

function refusal(write: Write, found: Found | undefined, index: number): CommitRefused | undefined {
  if (write.op === 'upsert') return undefined;
  if (write.op === 'create') return found && new CommitRefused('exists', index);
  if (!found) return new CommitRefused('missing', index);
  const stale = write.ifMatch !== undefined && write.ifMatch !== etagOf(found[1]);
  return stale ? new CommitRefused('stale', index) : undefined;
}
