/** Runs one tick of a timer, once over all processes that share the store. */
import { Cron } from 'croner';
import { systemActor } from './actor.ts';
import { instantOf, SECOND } from './clock.ts';
import type { Timer } from './reaction.ts';
import { type Platform, scopeOf } from './scope.ts';
import type { Document, Json } from './store.ts';
import { CommitRefused } from './store.ts';

const MARKER_SECONDS = 2 * 24 * 3600;
/** The document that says which tick was begun last; it has no `ttl`, as a timer may run once a month. */
const LAST = 'last';

/** The instants a schedule (NCRONTAB of six fields, UTC) names. */
interface Schedule {
  /** The first after this instant; nothing when there is none any more. */
  after(instant: string): string | undefined;
  /** The last up to and with this instant. */
  upTo(instant: string): string | undefined;
}

/** Throws when the schedule cannot be read. */
export function scheduleOf({ name, schedule }: Timer): Schedule {
  if (schedule.trim().split(/\s+/).length !== 6) throw new Error(`Timer "${name}": a schedule has six fields`);
  // Like NCRONTAB: a day must match both of its fields.
  const cron = new Cron(schedule, { timezone: 'UTC', paused: true, mode: '6-part', domAndDow: true });
  return {
    after: (instant) => textOf(cron.nextRun(instant)),
    // `previousRuns` looks before its second, so that a reference one second later takes in the instant itself.
    upTo: (instant) => textOf(cron.previousRuns(1, new Date(Date.parse(instant) + SECOND))[0]),
  };
}

function textOf(date: Date | null | undefined): string | undefined {
  return date ? instantOf(date.getTime()) : undefined;
}

/**
 * Runs the tick of that scheduled instant, unless it was begun already, here or elsewhere. What the timer throws is
 * logged and written into the tick's marker (`system` container, kept two days); the next tick comes anyway, so a
 * timer works off what is due, not what is due since the last tick.
 */
export async function runTick(platform: Platform, timer: Timer, tick: string): Promise<'done' | 'failed' | 'taken'> {
  const { store, log, clock, ids, telemetry } = platform;
  const partition = [`timer:${timer.name}`];
  const marker = (state: string, more: { [key: string]: Json } = {}): Document => {
    const body = { state, startedAt, ...more };
    return { id: `tick:${tick}`, kind: 'tick', body, ttl: MARKER_SECONDS };
  };
  const startedAt = clock.now();
  try {
    await store.commit('system', partition, [
      { op: 'create', document: marker('running') },
      { op: 'upsert', document: { id: LAST, kind: LAST, body: tick } },
    ]);
  } catch (error) {
    if (error instanceof CommitRefused) return 'taken';
    throw error;
  }
  const correlationId = ids.next();
  const about = { timer: timer.name, tick, correlationId };
  let failure: unknown;
  const since = performance.now();
  const work = async (traceparent?: string) => {
    try {
      const trace = traceparent === undefined ? {} : { traceparent };
      await timer.handle(scopeOf(platform, { actor: systemActor(''), correlationId, ...trace }));
      log.info({ ...about, ms: Math.round(performance.now() - since) }, 'timer done');
    } catch (error) {
      log.error({ ...about, err: error }, 'timer failed');
      throw error;
    }
  };
  try {
    await (telemetry ? telemetry.timer(timer.name, work) : work());
  } catch (error) {
    failure = error ?? new Error('no reason given');
  }
  const endedAt = clock.now();
  const ended =
    failure === undefined ? marker('done', { endedAt }) : marker('failed', { endedAt, error: String(failure) });
  await store.commit('system', partition, [{ op: 'upsert', document: ended }]);
  return failure === undefined ? 'done' : 'failed';
}

/**
 * The tick that was missed while nothing ran: the latest scheduled one up to `now`, when no process began it. The first
 * time a timer is seen there is nothing it could have missed; that moment is written down instead.
 */
export async function missedTick(platform: Platform, timer: Timer, now: string): Promise<string | undefined> {
  const partition = [`timer:${timer.name}`];
  const known = await platform.store.read('system', partition, LAST);
  if (known) {
    const latest = scheduleOf(timer).upTo(now);
    return latest !== undefined && latest > String(known.document.body) ? latest : undefined;
  }
  try {
    await platform.store.commit('system', partition, [{ op: 'create', document: { id: LAST, kind: LAST, body: now } }]);
  } catch (error) {
    if (!(error instanceof CommitRefused)) throw error;
  }
  return undefined;
}
