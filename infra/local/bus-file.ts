/** What the local bus knows, in one SQLite file (`bus.db`): messages to deliver, dead letters, how far the relay came. */
import { join } from 'node:path';
import Database from 'libsql';
import { LRUCache } from 'lru-cache';
import { type DeadLetter, isFact, parsedFact } from '../../shared/platform/bus.ts';
import type { Fact } from '../../shared/platform/facts.ts';

/** A fact on its way to one reaction. */
export interface Message {
  readonly reaction: string;
  readonly factId: string;
  /** Messages of one session (organization and subject) are delivered one after another. */
  readonly session: string;
  /** How often its delivery has failed. */
  tries: number;
  /** Its number in the file, which grows with every message; nothing while it is in memory alone. */
  n?: number;
  /** While it is in memory alone. */
  fact?: Fact;
}

/** A message of the file. */
export type Written = Message & { readonly n: number };

export interface Failure {
  readonly message: Message;
  readonly error: string;
  /** Given up: it becomes a dead letter as of this instant. */
  readonly deadAt?: string;
}

interface DeadLetterFilter {
  readonly reaction?: string | undefined;
  readonly id?: string | undefined;
}

export interface Position {
  /** Which change feed: a container of a store. */
  readonly feed: string;
  readonly value: string;
}

/** What happened since the file was last written. */
export interface Changes {
  /** In the order in which they came; those that are there already are not added. */
  readonly added?: readonly Message[];
  readonly delivered?: readonly Message[];
  /** Messages of the file or of `added`. */
  readonly failures?: readonly Failure[];
  /** How far the relay came. */
  readonly positions?: readonly Position[];
}

export interface BusFile {
  /**
   * In one transaction: adds messages, removes what was delivered, counts failed tries, buries what is given up, moves
   * positions. What was added has its number then, and its fact no more.
   */
  write(changes: Changes): void;
  /** Those of the messages that are no dead letters. */
  living(messages: readonly Message[]): readonly Message[];
  /** Whether somebody else has written, or dead letters were replayed, since this was last asked. */
  changed(): boolean;
  /** How far the relay came in a feed; nothing before its first move. */
  position(feed: string): string | undefined;
  /** A reaction's messages after number `after`, oldest first. */
  waiting(reaction: string, after: number, limit: number): Written[];
  /** The fact of a message; nothing when the message is gone. Throws for what is none. */
  fact(message: Message): Fact | undefined;
  /** Messages not yet delivered, dead letters aside. */
  count(): number;
  /** Buries the messages of reactions other than these. */
  bury(except: readonly string[], deadAt: string): void;
  deadLetters(filter: DeadLetterFilter): DeadLetter[];
  /** Makes messages of dead letters again; how many. */
  replay(filter: DeadLetterFilter): number;
  close(): void;
}

/** Facts that are not read back: mostly they are delivered right after they came. A few kilobytes each. */
const MOST_RECENT = 1000;
/** Milliseconds to wait for another process's transaction. */
const BUSY_TIMEOUT = 2000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS positions (feed TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS messages (
    n INTEGER PRIMARY KEY AUTOINCREMENT, reaction TEXT NOT NULL, fact_id TEXT NOT NULL, session TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, error TEXT, fact TEXT NOT NULL, UNIQUE (reaction, fact_id));
  CREATE INDEX IF NOT EXISTS messages_in_order ON messages (reaction, n, session, tries);
  CREATE TABLE IF NOT EXISTS dead_letters (
    reaction TEXT NOT NULL, fact_id TEXT NOT NULL, session TEXT NOT NULL, tries INTEGER NOT NULL, error TEXT NOT NULL,
    dead_at TEXT NOT NULL, fact TEXT NOT NULL, PRIMARY KEY (reaction, fact_id)) WITHOUT ROWID;`;

const MATCHING = '(?1 IS NULL OR reaction = ?1) AND (?2 IS NULL OR fact_id = ?2)';

/**
 * Opens the file, making it when it is not there. Survives SIGKILL whole. On power loss its last moments may be gone,
 * positions and messages alike (one transaction holds both), so that the relay brings those facts again.
 */
export function openBusFile(folder: string): BusFile {
  const db = new Database(join(folder, 'bus.db'), { timeout: BUSY_TIMEOUT });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  db.exec(SCHEMA);

  const insert = db.prepare(`INSERT OR IGNORE INTO messages (reaction, fact_id, session, fact)
    SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM dead_letters WHERE reaction = ?1 AND fact_id = ?2)`);
  const move = db.prepare('INSERT OR REPLACE INTO positions VALUES (?, ?)');
  const position = db.prepare('SELECT value FROM positions WHERE feed = ?').raw(true);
  const waiting = db.prepare(`SELECT reaction, fact_id AS factId, session, tries, n
    FROM messages WHERE reaction = ? AND n > ? ORDER BY n LIMIT ?`);
  const factOfNumber = db.prepare('SELECT fact FROM messages WHERE n = ?').raw(true);
  const remove = db.prepare('DELETE FROM messages WHERE n = ?');
  const failed = db.prepare('UPDATE messages SET tries = ?, error = ? WHERE n = ?');
  const die = db.prepare(`INSERT OR REPLACE INTO dead_letters
    SELECT reaction, fact_id, session, ?, ?, ?, fact FROM messages WHERE n = ?`);
  const count = db.prepare('SELECT count(*) FROM messages').raw(true);
  const anyDead = db.prepare('SELECT EXISTS (SELECT 1 FROM dead_letters)').raw(true);
  const deadOnes = db.prepare(`SELECT key FROM json_each(?)
    WHERE EXISTS (SELECT 1 FROM dead_letters WHERE reaction = value ->> 0 AND fact_id = value ->> 1)`);
  const version = db.prepare('PRAGMA data_version').raw(true);
  const strangers = db.prepare(`SELECT reaction, fact_id AS factId, session, tries, n
    FROM messages WHERE reaction NOT IN (SELECT value FROM json_each(?))`);
  const dead = db.prepare(`SELECT reaction, fact_id AS factId, json_extract(fact, '$.type') AS type,
    json_extract(fact, '$.subject') AS subject, tries, dead_at AS at, error
    FROM dead_letters WHERE ${MATCHING} ORDER BY dead_at, fact_id, reaction`);
  const revive = db.prepare(`INSERT OR IGNORE INTO messages (reaction, fact_id, session, fact)
    SELECT reaction, fact_id, session, fact FROM dead_letters WHERE ${MATCHING} ORDER BY fact_id, reaction`);
  const forget = db.prepare(`DELETE FROM dead_letters WHERE ${MATCHING}`);

  const recent = new LRUCache<number, Fact>({ max: MOST_RECENT });

  function inTransaction(work: () => void): void {
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }

  function write({ added = [], delivered = [], failures = [], positions = [] }: Changes): void {
    const numbers = new Map<Message, number>();
    inTransaction(() => {
      let text = '';
      let written: Fact | undefined;
      for (const message of added) {
        const { reaction, factId, session, fact } = message;
        if (fact !== written) text = JSON.stringify(fact);
        written = fact;
        const { changes, lastInsertRowid } = insert.run([reaction, factId, session, text]);
        if (changes > 0) numbers.set(message, Number(lastInsertRowid));
      }
      for (const { n } of delivered) if (n !== undefined) remove.run([n]);
      for (const { message, error, deadAt } of failures) {
        const n = message.n ?? numbers.get(message);
        if (n === undefined) continue;
        if (deadAt === undefined) failed.run([message.tries, error, n]);
        else {
          die.run([message.tries, error, deadAt, n]);
          remove.run([n]);
        }
      }
      for (const { feed, value } of positions) move.run([feed, value]);
    });
    for (const { n } of delivered) if (n !== undefined) recent.delete(n);
    for (const [message, n] of numbers) {
      message.n = n;
      if (isFact(message.fact)) recent.set(n, message.fact);
      delete message.fact;
    }
  }

  let seen = first<number>(version.all([]));

  return {
    write,
    living(messages) {
      if (first<number>(anyDead.all([])) === 0) return messages;
      const asked = JSON.stringify(messages.map(({ reaction, factId }) => [reaction, factId]));
      const found = new Set((deadOnes.all([asked]) as { key: number }[]).map(({ key }) => key));
      return messages.filter((_, at) => !found.has(at));
    },
    changed() {
      const before = seen;
      seen = first<number>(version.all([]));
      return seen !== before;
    },
    position: (feed) => first<string>(position.all([feed])),
    waiting: (reaction, after, limit) => waiting.all([reaction, after, limit]) as Written[],
    fact({ n, fact }) {
      const known = fact ?? (n === undefined ? undefined : recent.get(n));
      if (known || n === undefined) return known;
      const text = first<string>(factOfNumber.all([n]));
      return text === undefined ? undefined : parsedFact(JSON.parse(text));
    },
    count: () => first<number>(count.all([])) ?? 0,
    bury(except, deadAt) {
      const found = strangers.all([JSON.stringify(except)]) as Written[];
      const error = 'There is no reaction of this name any more';
      if (found.length > 0) write({ failures: found.map((message) => ({ message, error, deadAt })) });
    },
    deadLetters: ({ reaction, id }) => dead.all([reaction ?? null, id ?? null]) as DeadLetter[],
    replay({ reaction, id }) {
      let replayed = 0;
      inTransaction(() => {
        revive.run([reaction ?? null, id ?? null]);
        replayed = forget.run([reaction ?? null, id ?? null]).changes;
      });
      seen = undefined;
      return replayed;
    },
    close() {
      db.close();
    },
  };
}

/** A fact's message to a reaction, as it comes from the relay. */
export function messageOf(reaction: string, fact: Fact): Message {
  const session = JSON.stringify([fact.orgid, fact.subject]);
  return { reaction, factId: fact.id, session, tries: 0, fact };
}

function first<T>(rows: unknown[]): T | undefined {
  return (rows as [T][])[0]?.[0];
}
