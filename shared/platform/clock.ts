/** Time and ids, passed in everywhere else. */
import { createHash, randomFillSync, randomInt } from 'node:crypto';
import { v7 } from 'uuid';

export interface Clock {
  /** The present instant, RFC 3339 in UTC to the second: `2026-11-20T09:00:00Z`. So instants compare as texts. */
  now(): string;
}
export interface Ids {
  /** A new UUID version 7: later ones sort after earlier ones of this process. */
  next(): string;
}
let second = Number.NaN;
let present = '';
/** A request asks several times: the text is made once a second. */
export const systemClock: Clock = {
  now() {
    const current = Math.floor(Date.now() / 1000);
    if (current !== second) {
      second = current;
      present = instantOf(current * 1000);
    }
    return present;
  },
};

const RANDOM_BYTES = 16;
/** Random bytes are drawn for many ids at once; one by one they would cost more than everything else here. */
const pool = Buffer.alloc(256 * RANDOM_BYTES);
let drawn = pool.length;
let lastMsecs = 0;
let seq = 0;

/** The next bytes of the pool, overwritten when it is drawn anew. */
function random(bytes = RANDOM_BYTES): Buffer {
  if (drawn + bytes > pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  drawn += bytes;
  return pool.subarray(drawn - bytes, drawn);
}

/** So many random hexadecimal digits (an even number, at most 8,192). */
export function randomHex(digits: number): string {
  return random(digits / 2).toString('hex');
}

export const systemIds: Ids = {
  next() {
    const msecs = Date.now();
    if (msecs > lastMsecs) {
      lastMsecs = msecs;
      seq = randomInt(2 ** 20);
    } else seq += 1;
    return v7({ msecs: lastMsecs, seq, random: random() });
  },
};

/** Ids of version 7 that depend on nothing but the seed, the instant and their order. */
export function seededIds(seed: string, instant: string): Ids {
  let count = 0;
  const msecs = Date.parse(instant);
  return {
    next() {
      count += 1;
      const bytes = createHash('sha256').update(`${seed}:${count}`).digest().subarray(0, RANDOM_BYTES);
      return v7({ msecs, seq: count, random: bytes });
    },
  };
}

/** Later than anything that is waited for: where an index wants an instant, and there is none. */
export const NEVER = '9999-12-31T00:00:00Z';

const LAST_YEAR = 9999;
const two = (value: number) => (value < 10 ? `0${value}` : `${value}`);

/** The instant of some milliseconds since 1970, to the second (fractions are cut off). */
export function instantOf(milliseconds: number): string {
  const at = new Date(milliseconds);
  const year = at.getUTCFullYear();
  // Years of other lengths, and what is no date, are left to the platform, which takes three times as long.
  if (!(year >= 1000 && year <= LAST_YEAR)) return `${at.toISOString().slice(0, 19)}Z`;
  const date = `${year}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  return `${date}T${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}Z`;
}

/** The instant that an id of ours was made: the first 48 bits of a UUID of version 7. */
export function instantIn(id: string): string {
  return instantOf(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
}

/** An instant moved by some milliseconds. */
export function later(instant: string, milliseconds: number): string {
  return instantOf(Date.parse(instant) + milliseconds);
}
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
