/** How one batch is written to the embedded store, inside a transaction that the caller holds. */
import type { Container } from './containers.ts';
import type { Db, Table } from './store.sqlite.schema.ts';
import { bindable, insertTerm, partitionText, termsOf, wordsText } from './store.sqlite.schema.ts';
import type { Document, Partition, Write } from './store.ts';
import { CommitRefused } from './store.ts';

/** A row as it is found by partition and id; `body` is null where it is of no use. */
type Found = readonly [n: number, seq: number, expiresAt: number | null, body: string | null];

export interface Writer {
  /** Writes a batch; the new etags. Throws `CommitRefused` with part of it written: the caller rolls back. */
  write(
    partition: Partition,
    writes: readonly Write[],
    texts: readonly string[],
    next: () => number,
    now: number,
  ): string[];
  /** Deletes up to `most` documents that expired by `now` (seconds since 1970); how many. */
  sweep(now: number, most: number): number;
}

/** The version of a document written as the `seq`-th of its file. */
export function etagOf(seq: number): string {
  return seq.toString(36);
}

export function writerOf(db: Db, table: Table, container: Container): Writer {
  const { documents, terms, prefixes, fields, hasTerms } = table;
  const body = hasTerms ? 'body' : 'NULL';
  const columns = [
    'pk',
    ...prefixes,
    'id',
    'kind',
    'seq',
    'expires_at',
    'words',
    'body',
    ...fields.map((field) => `"f_${field}"`),
  ];
  const changing = columns.slice(prefixes.length + 2);
  const find = db.prepare(`SELECT n, seq, expires_at, ${body} FROM ${documents} WHERE pk = ? AND id = ?`).raw(true);
  const insert = db.prepare(
    `INSERT INTO ${documents} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const update = db.prepare(
    `UPDATE ${documents} SET ${changing.map((column) => `${column} = ?`).join(', ')} WHERE n = ?`,
  );
  const remove = db.prepare(`DELETE FROM ${documents} WHERE n = ?`);
  const addTerm = hasTerms ? db.prepare(insertTerm(table)) : undefined;
  const dropTerm = hasTerms
    ? db.prepare(`DELETE FROM ${terms} WHERE pk = ? AND kind = ? AND field = ? AND term = ? AND id = ?`)
    : undefined;
  const expired = container.ttl
    ? db.prepare(`SELECT n, pk, body FROM ${documents} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`).raw(true)
    : undefined;

  function values(document: Document, text: string, seq: number, now: number): (string | number | null)[] {
    const ends = document.ttl === undefined ? null : now + document.ttl;
    const ix = fields.map((field) => {
      const value = document.ix?.[field];
      return value === undefined ? null : bindable(value);
    });
    return [document.kind, seq, ends, wordsText(document), text, ...ix];
  }

  function dropTerms(pk: string, document: Document, keep: ReadonlySet<string>): Set<string> {
    const kept = new Set<string>();
    for (const [field, term] of termsOf(document)) {
      const key = `${field}\n${term}`;
      if (keep.has(key)) kept.add(key);
      else dropTerm?.run([pk, document.kind, field, term, document.id]);
    }
    return kept;
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
    let n: number;
    if (found) {
      [n] = found;
      update.run([...values(document, text, seq, now), n]);
    } else {
      n = Number(insert.run([...keys, document.id, ...values(document, text, seq, now)]).lastInsertRowid);
    }
    if (!addTerm) return;
    const added = termsOf(document);
    let kept = new Set<string>();
    if (found?.[3]) {
      const old = JSON.parse(found[3]) as Document;
      const keep = old.kind === document.kind ? new Set(added.map(([field, term]) => `${field}\n${term}`)) : kept;
      kept = dropTerms(pk, old, keep);
    }
    for (const [field, term] of added) {
      if (!kept.has(`${field}\n${term}`)) addTerm.run([...keys, document.kind, field, term, document.id, n]);
    }
  }

  function drop(pk: string, found: Found): void {
    remove.run([found[0]]);
    if (found[3]) dropTerms(pk, JSON.parse(found[3]) as Document, new Set());
  }

  return {
    write(partition, writes, texts, next, now) {
      const keys = [partition, ...prefixes.map((_, at) => partition.slice(0, at + 1))].map(partitionText);
      const [pk = ''] = keys;
      return writes.map((write, index) => {
        const id = write.op === 'delete' ? write.id : write.document.id;
        let found = find.get([pk, id]) as Found | undefined;
        if (found && found[2] !== null && found[2] <= now) {
          drop(pk, found);
          found = undefined;
        }
        refuse(write, found, index);
        if (write.op === 'delete') {
          if (found) drop(pk, found);
          return '';
        }
        const seq = next();
        put(keys, write.document, texts[index] ?? '', found, seq, now);
        return etagOf(seq);
      });
    },
    sweep(now, most) {
      const rows = (expired?.all([now, most]) ?? []) as [number, string, string][];
      for (const [n, pk, text] of rows) drop(pk, [n, 0, 0, hasTerms ? text : null]);
      return rows.length;
    },
  };
}

function refuse(write: Write, found: Found | undefined, index: number): void {
  if (write.op === 'upsert') return;
  if (write.op === 'create') {
    if (found) throw new CommitRefused('exists', index);
    return;
  }
  if (!found) throw new CommitRefused('missing', index);
  if (write.ifMatch !== undefined && write.ifMatch !== etagOf(found[1])) throw new CommitRefused('stale', index);
}
