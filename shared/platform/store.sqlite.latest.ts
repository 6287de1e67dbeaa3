/**
 * Which row holds a document's last version, known without asking the file for as long as nobody else writes to it. After
 * every commit of another connection the engine forgets all pages it has read, so under a load of writes each look costs
 * a walk down a tree on the disk.
 */
import { LRUCache } from 'lru-cache';
import type { Recent } from './store.sqlite.recent.ts';
import type { Document } from './store.ts';

/** `expiresAt` in seconds since 1970. */
export interface Row {
  readonly n: number;
  readonly seq: number;
  readonly expiresAt: number | null;
}

/** A row with the document in it, or that as JSON, where it is at hand. */
export interface Found extends Row {
  readonly document?: Document;
  readonly text?: string;
}

/** What a transaction makes of a document, of `size` characters as JSON; undefined: it is gone. */
type Moved =
  | (Row & {
      readonly document: Document;
      readonly size: number;
      /** Whether it may well be read. */
      readonly again: boolean;
    })
  | undefined;

export interface Latest {
  /** For reading: the last version that is committed, or undefined when the file must be asked. */
  find(key: string): Row | undefined;
  /** Asks the file, and brings what is known up to it. */
  refresh(): void;
  /** Keeps what the file said after `find` did not know. */
  learn(key: string, row: Row): void;
  /** Something was read from the file: what is found from now on is at least as new. */
  doubt(): void;
  /** A transaction has the write lock; `seq` is what the file has. */
  begin(seq: number): void;
  /** A transaction follows one that is on its way and will leave `seq`. */
  follow(seq: number): void;
  /** Inside the last transaction: the document as it stands there (no `found`: it is gone), where that is known. */
  inside(key: string): { readonly found: Found | undefined } | undefined;
  move(key: string, moved: Moved): void;
  /** The transaction is about to be committed, with this `seq`. */
  expect(seq: number): void;
  /** The first of those on their way is committed. (Or, where that was lost, the one after it: `lost` is called next.) */
  landed(): void;
  /** One that was on its way did not land: what came of it and of those after it is asked of the file. */
  lost(): void;
}

/** Milliseconds; a reply and the request that follows it take longer, from one process to another. */
const GOOD_FOR = 0.25;
/** Some 250 bytes each. */
const MOST_KNOWN = 10_000;

interface Pending {
  readonly from: number;
  to?: number;
  readonly moves: Map<string, Moved>;
}

/** The key of a document. */
export function keyOf(table: string, pk: string, id: string): string {
  return `${table}\n${pk}\n${id}`;
}

interface Options {
  /** Asks for the last number of the file. */
  seqOf(): number;
  /** Whether this process wrote it: after a transaction that was lost another process gives the same numbers. */
  isMine(): boolean;
  /** Told of each version that was committed and may well be read; `size` in characters of JSON. */
  written(seq: number, document: Document, size: number): void;
  /** Told of each version that another took the place of. */
  replaced(seq: number): void;
  /** Told of all that was committed here, and where others have written. */
  readonly recent: Recent;
  /** Until when nobody else writes to the file, in ticks; 0 when that is not known. */
  quietUntil(now: number): number;
  /** Milliseconds from some moment on. */
  ticks(): number;
}

/**
 * Every write to the file takes a number (`seq`), so a file whose last number is the one this process has written has
 * been left alone by others. The file is asked anew after a quarter of a millisecond (nobody has heard of another
 * process's write, and asks here, sooner), or, while nobody else is there, after each look for others; and at once when
 * anything else was read from it.
 */
export function latestOf({ seqOf, isMine, written, replaced, recent, quietUntil, ticks }: Options): Latest {
  const rows = new LRUCache<string, Row>({ max: MOST_KNOWN });
  let base: number | undefined;
  let goodUntil = Number.NEGATIVE_INFINITY;
  /** The transactions on their way, in their order. */
  let pending: Pending[] = [];

  /** Makes what is known true for a file whose last number is `seq`; `landed` where that is this process's for sure. */
  function bringUpTo(seq: number, landed = false): void {
    if (seq === base) return;
    // A commit is done as soon as it is seen, be it before this thread is told.
    const done = pending.filter(({ to }) => to !== undefined && to <= seq);
    const mine = done.at(-1)?.to === seq && (landed || isMine());
    const follows = mine && pending.some(({ from }) => from === base);
    if (!follows) rows.clear();
    base = seq;
    if (mine) for (const { moves } of done) for (const [key, moved] of moves) apply(key, moved);
    if (follows) for (const { moves, to = seq } of done) recent.keep(moves, to);
    else recent.restart(seq);
  }

  function refresh(): void {
    const now = ticks();
    // Before the number: one who has written and left between the two would be missed.
    const until = Math.max(now + GOOD_FOR, quietUntil(now));
    bringUpTo(seqOf());
    // Not before: where the file did not answer, nothing is known to be as it is there.
    goodUntil = until;
  }

  function follow(seq: number): void {
    pending.push({ from: seq, moves: new Map() });
  }

  function apply(key: string, moved: Moved): void {
    if (!moved?.again) {
      rows.delete(key);
      return;
    }
    const { n, seq, expiresAt, document, size } = moved;
    const before = rows.peek(key);
    if (before) replaced(before.seq);
    rows.set(key, { n, seq, expiresAt });
    written(seq, document, size);
  }

  return {
    find(key) {
      if (ticks() > goodUntil) refresh();
      return rows.get(key);
    },
    refresh,
    doubt() {
      goodUntil = Number.NEGATIVE_INFINITY;
    },
    learn(key, row) {
      rows.set(key, row);
    },
    begin(seq) {
      bringUpTo(seq);
      follow(seq);
    },
    follow,
    inside(key) {
      const one = pending.findLast(({ moves }) => moves.has(key));
      if (one) return { found: one.moves.get(key) };
      const row = rows.get(key);
      return row && { found: row };
    },
    move(key, moved) {
      pending.at(-1)?.moves.set(key, moved);
    },
    expect(seq) {
      const last = pending.at(-1);
      if (last) last.to = seq;
    },
    landed() {
      // Seen before already, perhaps, and others may have written since.
      const [first] = pending;
      if (first?.to !== undefined && first.to > (base ?? 0)) bringUpTo(first.to, true);
      pending.shift();
    },
    lost() {
      pending = [];
      goodUntil = Number.NEGATIVE_INFINITY;
    },
  };
}

/** Whether a row has not expired by `now` (seconds since 1970), which is asked only for what expires at all. */
export function isAlive({ expiresAt }: Pick<Row, 'expiresAt'>, now: () => number): boolean {
  return expiresAt === null || expiresAt > now();
}
