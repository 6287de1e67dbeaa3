/** Time and ids, passed in everywhere else. */
import { v7 } from 'uuid';

export interface Clock {
  /** The present instant, RFC 3339 in UTC to the second: `2026-11-20T09:00:00Z`. So instants compare as texts. */
  now(): string;
}
export interface Ids {
  /** A new UUID version 7: later ones sort after earlier ones of this process. */
  next(): string;
}
export const systemClock: Clock = { now: () => instantOf(Date.now()) };
export const systemIds: Ids = { next: () => v7() };

/** The instant of some milliseconds since 1970, to the second (fractions are cut off). */
export function instantOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** An instant moved by some milliseconds. */
export function later(instant: string, milliseconds: number): string {
  return instantOf(Date.parse(instant) + milliseconds);
}
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
