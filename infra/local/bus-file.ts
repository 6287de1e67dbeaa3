/** What the local bus knows, in one SQLite file (`bus.db`): messages to deliver, dead letters, how far the relay came. */
import { join } from 'node:path';
import Database from 'libsql';
import { LRUCache } from 'lru-cache';
import { type DeadLetter, isFact, parsedFact } from '../../shared/platform/bus.ts';
import type { Fact } from '../../shared/platform/facts.ts';

export interface Message {
  /** Grows with every message; the order of delivery within a session. */
  readonly n: number;
  /** Messages of one session (organization and subject) are delivered one after another. */
  readonly session: string;
  /** How often its delivery has failed. */
  readonly tries: number;
}

export interface Failure {
  readonly n: number;
  readonly tries: number;
  readonly error: string;
  /** Given up: it becomes a dead letter as of this instant. */
  readonly deadAt?: string;
}

interface DeadLetterFilter {
  readonly reaction?: string | undefined;
  readonly id?: string | undefined;
}

interface Envelope {
  readonly reaction: string;
  readonly fact: Fact;
}

export interface Position {
  /** Which change feed: a container of a store. */
  readonly feed: string;
  readonly value: string;
}

export interface BusFile {
  /** In one transaction: adds the messages that are not there yet and moves the relay's position. */
  add(messages: readonly Envelope[], position?: Position): void;
  /** How far the relay came in a feed; nothing before its first move. */
  position(feed: string): string | undefined;
  /** A reaction's messages after number `after`, oldest first. */
  waiting(reaction: string, after: number, limit: number): Message[];
  /** The fact of a message; nothing when the message is gone. Throws for what is none. */
  fact(n: number): Fact | undefined;
  /** In one transaction: removes what was delivered, counts failed tries, buries what is given up. */
  settle(delivered: readonly number[], failures: readonly Failure[]): void;
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
  const waiting = db.prepare('SELECT n, session, tries FROM messages WHERE reaction = ? AND n > ? ORDER BY n LIMIT ?');
  const fact = db.prepare('SELECT fact FROM messages WHERE n = ?').raw(true);
  const remove = db.prepare('DELETE FROM messages WHERE n = ?');
  const failed = db.prepare('UPDATE messages SET tries = ?, error = ? WHERE n = ?');
  const die = db.prepare(`INSERT OR REPLACE INTO dead_letters
    SELECT reaction, fact_id, session, ?, ?, ?, fact FROM messages WHERE n = ?`);
  const count = db.prepare('SELECT count(*) FROM messages').raw(true);
  const strangers = db.prepare('SELECT n, tries FROM messages WHERE reaction NOT IN (SELECT value FROM json_each(?))');
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

  function settle(delivered: readonly number[], failures: readonly Failure[]): void {
    inTransaction(() => {
      for (const n of delivered) {
        remove.run([n]);
        recent.delete(n);
      }
      for (const { n, tries, error, deadAt } of failures) {
        if (deadAt === undefined) failed.run([tries, error, n]);
        else {
          die.run([tries, error, deadAt, n]);
          remove.run([n]);
        }
      }
    });
  }

  return {
    settle,
    add(messages, moved) {
      inTransaction(() => {
        let text = '';
        let written: Fact | undefined;
        let known = false;
        for (const { reaction, fact: one } of messages) {
          if (one !== written) {
            text = JSON.stringify(one);
            known = isFact(one);
          }
          written = one;
          const { changes, lastInsertRowid } = insert.run([reaction, one.id, sessionOf(one), text]);
          if (changes > 0 && known) recent.set(Number(lastInsertRowid), one);
        }
        if (moved) move.run([moved.feed, moved.value]);
      });
    },
    position: (feed) => first<string>(position.all([feed])),
    waiting: (reaction, after, limit) => waiting.all([reaction, after, limit]) as Message[],
    fact(n) {
      const known = recent.get(n);
      if (known) return known;
      const text = first<string>(fact.all([n]));
      return text === undefined ? undefined : parsedFact(JSON.parse(text));
    },
    count: () => first<number>(count.all([])) ?? 0,
    bury(except, deadAt) {
      const found = strangers.all([JSON.stringify(except)]) as Pick<Message, 'n' | 'tries'>[];
      if (found.length > 0) {
        settle(
          [],
          found.map((message) => ({ ...message, error: 'There is no reaction of this name any more', deadAt })),
        );
      }
    },
    deadLetters: ({ reaction, id }) => dead.all([reaction ?? null, id ?? null]) as DeadLetter[],
    replay({ reaction, id }) {
      let replayed = 0;
      inTransaction(() => {
        revive.run([reaction ?? null, id ?? null]);
        replayed = forget.run([reaction ?? null, id ?? null]).changes;
      });
      return replayed;
    },
    close() {
      db.close();
    },
  };
}

function sessionOf({ orgid, subject }: Fact): string {
  return JSON.stringify([orgid, subject]);
}

function first<T>(rows: unknown[]): T | undefined {
  return (rows as [T][])[0]?.[0];
}
