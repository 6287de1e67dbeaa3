/** The embedded store: one SQLite file, durable (WAL, every commit synced), shared by processes of one machine. */

import { mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { type Clock, randomHex } from './clock.ts';
import type { ContainerName } from './containers.ts';
import { containers, declarationOf } from './containers.ts';
import { messageOf } from './errors.ts';
import { checkPartition, checkSize, checkWrites, isDocumentId } from './store.plan.ts';
import { committerOf } from './store.sqlite.commit.ts';
import { etagOf, knownDocuments } from './store.sqlite.known.ts';
import { isAlive, keyOf, latestOf } from './store.sqlite.latest.ts';
import { pagerOf } from './store.sqlite.page.ts';
import type { Presence } from './store.sqlite.presence.ts';
import { enter } from './store.sqlite.presence.ts';
import { recentChanges } from './store.sqlite.recent.ts';
import type { Db } from './store.sqlite.schema.ts';
import { bringUp, LAST_SEQ, LAST_WRITER, partitionOf, partitionText, tableOf } from './store.sqlite.schema.ts';
import { statementsOf } from './store.sqlite.statements.ts';
import { transactionsOf } from './store.sqlite.transaction.ts';
import { batchOf } from './store.sqlite.write.ts';
import type { Change, Document, Partition, Store } from './store.ts';
import { BadCursor, StoreUnavailable } from './store.ts';

interface SqliteOptions {
  /** Path of the file; its folder is made when it is missing. */
  readonly file: string;
  readonly clock: Clock;
  /** Told after each durable commit of this process which containers changed. */
  readonly onCommit?: (changed: ReadonlySet<ContainerName>) => void;
  /** Told of what failed that nobody waits for, `onCommit` or a sweep. Left out, it is an error that nobody catches. */
  readonly onFault?: (error: unknown) => void;
  /** Milliseconds that a commit waits while another process holds the file; default 5,000. */
  readonly patience?: number;
}

export interface SqliteStore extends Store {
  /** Removes documents whose `ttl` has passed (they are unseen already); how many. Also done now and then by itself. */
  sweep(): Promise<number>;
}

const CHANGES_AT_ONCE = 256;
/** What is read comes again: 16 MB. What a transaction writes is some 1 MB, and a larger cache brings nothing. */
const CACHE = 'PRAGMA cache_size = -16000';
const WRITING_CACHE = 'PRAGMA cache_size = -6000';
/** On macOS alone a sync leaves the drive's own cache as it is, unless it is asked for in full; elsewhere that changes nothing. */
const SYNCED = 'PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON';
/** After the tables were brought up: what is sorted for a new index of a large file belongs on the disk. */
const SORTING = 'PRAGMA temp_store = MEMORY';

/**
 * Opens the file, making it and its tables when they are not there, and the folder `FILE-open` that shows who has it open.
 * Where others have, its first commit waits 100 ms. Throws `StoreUnavailable` when it cannot.
 */
export function openSqliteStore(options: SqliteOptions): SqliteStore {
  const { file, clock, onCommit, onFault = thrown, patience = 5000 } = options;
  const self = randomHex(16);
  const { db, writing, presence } = opened(file, self);
  const statements = statementsOf(db);
  const known = knownDocuments(statements);
  const now = () => seconds(clock);
  const recent = recentChanges();
  const latest = latestOf({
    recent,
    seqOf: () => statements.row<[number]>(LAST_SEQ, [])?.[0] ?? 0,
    isMine: () => statements.row<[string]>(LAST_WRITER, [])?.[0] === self,
    written: known.keep,
    replaced: known.drop,
    quietUntil: presence.quietUntil,
    ticks: () => performance.now(),
  });
  const memory = { latest, known };
  const committer = committerOf({
    transactions: transactionsOf({ db: writing, reading: statements, self, memory, patience }),
    now,
    onCommit,
    onFault,
    isAlone: () => presence.quietUntil(performance.now()) > 0,
    noticed: presence.noticed,
  });
  const page = pagerOf(statements, known);
  const nowOf = (container: ContainerName) => (declarationOf(container).ttl ? now() : undefined);
  let closing: Promise<void> | undefined;
  let closed = false;

  function checkOpen(): void {
    if (closed) throw new Error('The store is closed');
  }

  /** From the call of `close` on nothing more is taken: under a load it would never end. */
  function checkTakesMore(): void {
    if (closing !== undefined) throw new Error('The store is closed');
  }

  async function end(): Promise<void> {
    await committer.drain();
    // The engine ends the process when a closed connection is asked for anything.
    closed = true;
    db.close();
    broughtIn(writing);
    writing.close();
    presence.leave();
  }

  return {
    async read(container, partition, id) {
      checkOpen();
      checkPartition(container, partition);
      if (!isDocumentId(id)) return undefined;
      const { documents, oneSql } = tableOf(container);
      const pk = partitionText(partition);
      const key = keyOf(documents, pk, id);
      const row = latest.find(key);
      if (row && !isAlive(row, now)) return undefined;
      const stored = row && known.peek(row.seq);
      if (stored) return stored;
      latest.doubt();
      // In one look: since it was found, another process may have given the row to another document.
      const found = statements.row<[number, number, number | null, string]>(oneSql, [pk, id]);
      if (!found) return undefined;
      const [n, seq, expiresAt, text] = found;
      latest.learn(key, { n, seq, expiresAt });
      return isAlive({ expiresAt }, now) ? known.take(seq, text) : undefined;
    },
    async query(container, partition, query) {
      checkOpen();
      latest.doubt();
      return page(container, partition, query, nowOf(container));
    },
    async commit(container, partition, writes) {
      checkTakesMore();
      checkPartition(container, partition);
      checkWrites(container, partition, writes);
      const batch = batchOf(container, partition, writes);
      checkSize(container, batch.texts);
      return committer.commit(batch);
    },
    async *changes(container, from = '0') {
      const { documents } = tableOf(container);
      if (!/^\d{1,16}$/.test(from)) throw new BadCursor();
      let position = Number(from);
      checkOpen();
      latest.refresh();
      const own = recent.since(documents, position);
      if (own) {
        for (const { partition, document, seq } of own) yield changeOf(partition, document, seq);
        return;
      }
      const sql = `SELECT seq, pk, body FROM ${documents} WHERE seq > ? ORDER BY seq LIMIT ${CHANGES_AT_ONCE}`;
      for (;;) {
        checkOpen();
        latest.doubt();
        const rows = statements.rows<[number, string, string]>(sql, [position]);
        for (const [seq, pk, body] of rows) {
          position = seq;
          const document = known.peek(seq)?.document ?? (JSON.parse(body) as Document);
          yield changeOf(partitionOf(pk), document, seq);
        }
        if (rows.length < CHANGES_AT_ONCE) return;
      }
    },
    async ping() {
      checkOpen();
      statements.row(LAST_SEQ, []);
    },
    async sweep() {
      checkTakesMore();
      return committer.sweep();
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
}

function thrown(error: unknown): never {
  throw error;
}

function changeOf(partition: Partition, document: Document, seq: number): Change {
  return { partition, document, etag: etagOf(seq), position: String(seq) };
}

function seconds(clock: Clock): number {
  return Math.floor(Date.parse(clock.now()) / 1000);
}

/** Brings the log into the one file, so that whoever copies that alone has all. Not while another process is at it. */
function broughtIn(writing: Db): void {
  try {
    writing.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // On a full disk, perhaps: the log stays, and what was committed is in it as before.
  }
}

/** One connection to read with and one to write with, so that reads go on while a transaction is written and synced. */
function opened(file: string, self: string): { readonly db: Db; readonly writing: Db; readonly presence: Presence } {
  const connections: Db[] = [];
  const connected = () => {
    const made = new Database(file);
    connections.push(made);
    return made;
  };
  try {
    mkdirSync(dirname(file), { recursive: true });
    const db = connected();
    db.exec(`PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; ${CACHE}`);
    bringUp(db, containers);
    db.exec(SORTING);
    const writing = connected();
    // A checkpoint every 40,000 pages (160 MB) writes a page that changes often once instead of many times; of
    // a log that grew larger all the same, 256 MB stay.
    writing.exec(`${SYNCED}; PRAGMA wal_autocheckpoint = 40000; PRAGMA journal_size_limit = 268435456;
      PRAGMA busy_timeout = 0; ${WRITING_CACHE}; ${SORTING}`);
    // Reads never wait for writes, only for the moment in which another process makes or recovers the file.
    db.exec('PRAGMA busy_timeout = 100');
    // Last, as one that could not open it is not there; and where the file is, be it opened through a link.
    return { db, writing, presence: enter(realpathSync(file), self) };
  } catch (error) {
    for (const one of connections) one.close();
    throw new StoreUnavailable(`The store cannot be opened at ${file}: ${messageOf(error)}`, 1, { cause: error });
  }
}
