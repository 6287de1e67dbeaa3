/** What one batch writes to the embedded store, as part of a transaction of the caller's. */
import type { ContainerName } from './containers.ts';
import { declarationOf } from './containers.ts';
import { FACT_KIND } from './facts.ts';
import type { Rest } from './store.sqlite.aside.ts';
import type { GroupOf } from './store.sqlite.groups.ts';
import { etagOf, type KnownDocuments } from './store.sqlite.known.ts';
import type { Found, Latest } from './store.sqlite.latest.ts';
import { isAlive, keyOf } from './store.sqlite.latest.ts';
import { rowsFor } from './store.sqlite.rows.ts';
import type { Db } from './store.sqlite.schema.ts';
import { partitionText, tableOf } from './store.sqlite.schema.ts';
import type { Statements } from './store.sqlite.statements.ts';
import { type Termed, termsFor } from './store.sqlite.terms.ts';
import type { Document, Partition, Write } from './store.ts';
import { CommitRefused } from './store.ts';

/** A batch of writes to documents of one partition. */
export interface Batch {
  readonly container: ContainerName;
  readonly writes: readonly Write[];
  /** The keys of the documents in the order of the writes, as `keyOf` makes them. */
  readonly keys: readonly string[];
  /** The documents as JSON, in the order of the writes (empty for a delete). */
  readonly texts: readonly string[];
  /** The text of the partition (`partitionText`), then those of its proper prefixes, shortest first. */
  readonly scopes: readonly string[];
}

/** What can be made of the writes before the transaction. They are checked already. */
export function batchOf(container: ContainerName, partition: Partition, writes: readonly Write[]): Batch {
  const { documents, prefixes } = tableOf(container);
  const pk = partitionText(partition);
  return {
    container,
    writes,
    keys: writes.map((write) => keyOf(documents, pk, idOf(write))),
    texts: writes.map((write) => (write.op === 'delete' ? '' : JSON.stringify(write.document))),
    scopes: [pk, ...prefixes.map((_, at) => partitionText(partition.slice(0, at + 1)))],
  };
}

export interface Writer {
  /** Looks up, in one go, what the batches of a transaction are about to write: to be called before `write`. */
  look(batches: readonly Batch[]): void;
  /** Whether a batch can be decided without a look. */
  isKnown(batch: Batch, now: number): boolean;
  /**
   * Writes a batch; the new etags, or, with nothing written, why it is refused. Without a look what is created, or a fact,
   * and not known is taken not to be there; undefined, with nothing written, where more than that would have to be asked.
   */
  write(batch: Batch, next: () => number, now: number): string[] | CommitRefused | undefined;
  /**
   * Deletes documents that expired by `now` (seconds since 1970), those with their terms up to `most` (and one document at
   * least). Each takes a number too.
   */
  sweep(now: number, most: number, next: () => number): Swept;
  /** Leaves what the transaction has yet to write to the rest of it: to be called before it commits. */
  settle(rest: Rest): void;
  /** To be called when it was rolled back, or another process has written since the last. */
  forget(): void;
}

export interface Swept {
  /** How many documents. */
  readonly gone: number;
  /** Whether there may be more. */
  readonly more: boolean;
}

/** What this process knows of the file. */
export interface Memory {
  readonly latest: Latest;
  readonly known: KnownDocuments;
}

/** A document to be written as the `seq`-th of the file. */
interface Put {
  readonly scopes: readonly string[];
  readonly key: string;
  readonly document: Document;
  /** The document as JSON. */
  readonly text: string;
  /** What it takes the place of. */
  readonly found: Found | undefined;
  readonly seq: number;
  readonly now: number;
}

interface Options {
  /** A connection for what is asked under the lock. */
  readonly db: Db;
  /** Of another connection, for what is asked while that one is written with. */
  readonly reading: Statements;
  /** Numbers what is new. */
  readonly groupOf: GroupOf;
  readonly memory: Memory;
}

/** Prepares all that it will ask. */
export function writerOf(container: ContainerName, { db, reading, groupOf, memory }: Options): Writer {
  const table = tableOf(container);
  const { documents, fields, hasTerms, termKeys } = table;
  const { latest, known } = memory;
  /** Whether what a document was before says what is to be changed. */
  const compares = hasTerms || fields.length > 0;
  const namesPartition = termKeys.includes('pk');
  const bodyOf = db.prepare(`SELECT body FROM ${documents} WHERE n = ?`).raw(true);
  const lookUp = db
    .prepare(
      `SELECT d.n, d.seq, d.expires_at, ${compares ? 'd.body' : 'NULL'}, d.pk, d.id FROM json_each(?) k
       CROSS JOIN ${documents} d WHERE d.pk = k.value ->> 0 AND d.id = k.value ->> 1`,
    )
    .raw(true);
  const rows = rowsFor(reading, table);
  const terms = hasTerms ? termsFor(table) : undefined;
  const expired = declarationOf(container).ttl
    ? db.prepare(`SELECT n, pk, id, body FROM ${documents} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`).raw(true)
    : undefined;
  /** Documents as they were when the transaction began, once they were looked up. */
  let looked: Map<string, Found> | undefined;

  /** What a write meets; a text where the file must be asked. */
  function foundBy(write: Write, key: string): Found | undefined | 'unknown' {
    const inside = latest.inside(key);
    if (looked) return inside ? inside.found : looked.get(key);
    // Taken back, what was taken to be new would refuse the script no more if it is there after all.
    if (inside?.found && write.op === 'delete' && rows.inserts(inside.found.n)) return 'unknown';
    if (inside) return !inside.found || isAtHand(inside.found) ? inside.found : 'unknown';
    // A fact is copied again after a crash only.
    const isNew = write.op === 'create' || (write.op === 'upsert' && write.document.kind === FACT_KIND);
    return isNew ? undefined : 'unknown';
  }

  /** What each of the writes meets, or why the batch is refused; undefined where the file must be asked. */
  function decided({ writes, keys }: Batch, now: number): (Found | undefined)[] | CommitRefused | undefined {
    const found: (Found | undefined)[] = [];
    for (const [index, write] of writes.entries()) {
      const one = foundBy(write, keys[index] ?? '');
      if (one === 'unknown') return undefined;
      found.push(one);
      const refused = refusal(write, alive(one, now), index);
      if (!refused) continue;
      // One before it that was taken to be new may be what it is refused for.
      const isSure = looked || keys.slice(0, index).every((key) => latest.inside(key));
      return isSure ? refused : undefined;
    }
    return found;
  }

  function documentOf({ n, seq, text, document }: Found): Document | undefined {
    if (!compares) return undefined;
    if (document) return document;
    if (text !== undefined) return JSON.parse(text) as Document;
    return known.peek(seq)?.document ?? (JSON.parse(String((bodyOf.get([n]) as [string])[0])) as Document);
  }

  /** Whether `documentOf` needs no look, for what was not looked up (and so has no `text`). */
  function isAtHand({ seq, document }: Found): boolean {
    return !compares || document !== undefined || known.peek(seq) !== undefined;
  }

  function groupsOf(scopes: readonly string[], kind: string): number[] {
    return scopes.map((scope) => groupOf(scope, kind));
  }

  function termed(groups: readonly number[], pk: string, document: Document): Termed {
    return { keys: namesPartition ? [...groups, pk] : groups, document };
  }

  function put({ scopes, key, document, text, found, seq, now }: Put): void {
    const [pk = ''] = scopes;
    const old = found && documentOf(found);
    const expiresAt = document.ttl === undefined ? null : now + document.ttl;
    const n = found?.n ?? rows.nextN();
    const stays = old?.kind === document.kind;
    const isTermed = hasTerms && (mayHaveTerms(document) || (old !== undefined && mayHaveTerms(old)));
    const groups = stays && !isTermed ? [] : groupsOf(scopes, document.kind);
    const row = { n, pk, groups: stays ? undefined : groups, document, seq, expiresAt, text };
    rows.set(row, found && { document: old });
    latest.move(key, { n, seq, expiresAt, document, size: text.length, again: document.kind !== FACT_KIND });
    if (!terms || !isTermed) return;
    const before = old && termed(stays ? groups : groupsOf(scopes, old.kind), pk, old);
    terms.change(n, before, termed(groups, pk, document));
  }

  /** How many terms it takes with it. */
  function drop(scopes: readonly string[], key: string, found: Found): number {
    const [pk = ''] = scopes;
    const old = terms && documentOf(found);
    rows.delete(found.n);
    latest.move(key, undefined);
    return (old && terms?.change(found.n, termed(groupsOf(scopes, old.kind), pk, old), undefined)) ?? 0;
  }

  return {
    look(batches) {
      const unknown = new Map<string, readonly [pk: string, id: string]>();
      for (const { writes, keys, scopes } of batches) {
        for (const [index, write] of writes.entries()) {
          const key = keys[index] ?? '';
          if (!latest.inside(key)) unknown.set(key, [scopes[0] ?? '', idOf(write)]);
        }
      }
      looked = new Map();
      if (unknown.size === 0) return;
      const found = lookUp.all([JSON.stringify([...unknown.values()])]) as LookedUp[];
      for (const [n, seq, expiresAt, text, pk, id] of found) {
        looked.set(keyOf(documents, pk, id), { n, seq, expiresAt, ...(text === null ? {} : { text }) });
      }
    },
    isKnown: (batch, now) => decided(batch, now) !== undefined,
    write(batch, next, now) {
      const { writes, keys, texts, scopes } = batch;
      const found = decided(batch, now);
      if (!found || found instanceof CommitRefused) return found;
      return writes.map((write, index) => {
        const key = keys[index] ?? '';
        let before = found[index];
        if (before && !alive(before, now)) {
          drop(scopes, key, before);
          before = undefined;
        }
        const seq = next();
        if (write.op === 'delete') {
          if (before) drop(scopes, key, before);
          return '';
        }
        put({ scopes, key, document: write.document, text: texts[index] ?? '', found: before, seq, now });
        return etagOf(seq);
      });
    },
    sweep(now, most, next) {
      const over = (expired?.all([now, most]) ?? []) as [number, string, string, string][];
      let gone = 0;
      let weight = 0;
      for (const [n, pk, id, text] of over) {
        if (weight >= most) break;
        // Terms are dropped by the group of the partition alone.
        weight += 1 + drop([pk], keyOf(documents, pk, id), { n, seq: next(), expiresAt: now, text });
        gone += 1;
      }
      return { gone, more: weight >= most };
    },
    settle(rest) {
      looked = undefined;
      rows.settle(rest);
      terms?.settle(rest);
    },
    forget() {
      looked = undefined;
      rows.forget();
      terms?.forget();
    },
  };
}

type LookedUp = [n: number, seq: number, expiresAt: number | null, text: string | null, pk: string, id: string];

function idOf(write: Write): string {
  return write.op === 'delete' ? write.id : write.document.id;
}

function mayHaveTerms({ sets, words }: Document): boolean {
  return sets !== undefined || words !== undefined;
}

function alive(found: Found | undefined, now: number): Found | undefined {
  return found && isAlive(found, () => now) ? found : undefined;
}

function refusal(write: Write, found: Found | undefined, index: number): CommitRefused | undefined {
  if (write.op === 'upsert') return undefined;
  if (write.op === 'create') return found && new CommitRefused('exists', index);
  if (!found) return new CommitRefused('missing', index);
  const stale = write.ifMatch !== undefined && write.ifMatch !== etagOf(found.seq);
  return stale ? new CommitRefused('stale', index) : undefined;
}
