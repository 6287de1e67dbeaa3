/**
 * A time zone as the offsets it has over some years: asked of Temporal once, then plain arithmetic, so that a quarter's
 * calendar costs no look-up per window.
 */
import { instantOf, MINUTE, SECOND } from './clock.ts';
import type { Window } from './fields.ts';

export interface Zone {
  /** The clock's reading at an instant, with its offset: `2026-11-01T01:30:00-04:00`. */
  local(instant: string): string;
  /** The calendar day of an instant. */
  date(instant: string): string;
  /**
   * The first instant at which the clocks of a day reach so many minutes after midnight (1,440: the next midnight). A
   * time that the clocks skip is reached when they jump over it; one they show twice, the first time.
   */
  instant(date: string, minutes: number): string;
}

interface Span {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Milliseconds east. */
  readonly offset: number;
  /** The same as it is written: `-04:00`. */
  readonly east: string;
}

function eastOf(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Zones kept, by name and years. */
const MOST_KEPT = 500;
const kept = new Map<string, Zone>();

/** The zone, good for instants of the window and a year on either side. */
export async function zoneOf(name: string, { start, end }: Window): Promise<Zone> {
  const first = Number(start.slice(0, 4)) - 1;
  const last = Number(end.slice(0, 4)) + 1;
  const key = `${name}/${first}/${last}`;
  const known = kept.get(key);
  if (known) return known;
  const { Temporal } = await import('temporal-polyfill');
  const to = Date.parse(`${last + 1}-01-01T00:00:00Z`);
  const spans: Span[] = [];
  let at = Temporal.Instant.from(`${first}-01-01T00:00:00Z`).toZonedDateTimeISO(name);
  for (;;) {
    const next = at.getTimeZoneTransition('next');
    const until = next && next.epochMilliseconds < to ? next.epochMilliseconds : to;
    const offset = at.offsetNanoseconds / 1e6;
    spans.push({ from: at.epochMilliseconds, to: until, offset, east: eastOf(offset) });
    if (!next || until === to) break;
    at = next;
  }
  const zone = zoneOver(spans);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, zone);
  return zone;
}

function zoneOver(spans: readonly Span[]): Zone {
  function spanAt(at: number): Span | undefined {
    return spans.find(({ to }) => at < to) ?? spans.at(-1);
  }
  function local(instant: string): string {
    const at = Date.parse(instant);
    const { offset, east } = spanAt(at) ?? { offset: 0, east: eastOf(0) };
    return `${instantOf(at + offset).slice(0, 19)}${east}`;
  }
  return {
    local,
    date: (instant) => instantOf(Date.parse(instant) + (spanAt(Date.parse(instant))?.offset ?? 0)).slice(0, 10),
    instant(date, minutes) {
      const reading = Date.parse(`${date}T00:00:00Z`) + minutes * MINUTE;
      // Of spans in order, the first whose clocks get so far: within it, or by jumping to its beginning.
      const span = spans.find(({ to, offset }) => reading < to + offset) ?? spans.at(-1);
      const at = span ? Math.max(reading - span.offset, span.from) : reading;
      return instantOf(Math.ceil(at / SECOND) * SECOND);
    },
  };
}
