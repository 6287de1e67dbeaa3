/** The local bus: delivers messages to reactions, from memory or `bus.db`; in order per subject, subjects side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFact } from '../../shared/platform/bus.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import type { Telemetry } from '../../shared/platform/telemetry.ts';
import { type BusFile, type Message, messageOf, type Position } from './bus-file.ts';
import { type Deliver, type Retry, sessionsOf } from './bus-sessions.ts';
import { unwrittenOf } from './bus-unwritten.ts';

export interface LocalBusOptions {
  readonly file: BusFile;
  readonly reactions: readonly Reaction[];
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry?: Telemetry | undefined;
  readonly retry?: Partial<Retry>;
  /** Subjects that one reaction works on at the same time. */
  readonly sideBySide?: number;
  /** Messages of one reaction that are held in memory, at most; the rest waits in the file. */
  readonly mostHeld?: number;
  /** Milliseconds until what happened is written to the file. */
  readonly lag?: number;
}

export interface LocalBus {
  /**
   * One message for each reaction that asked for the fact's type, and the relay's new position; all or nothing, now and
   * after a crash. Throws when the bus cannot take more.
   */
  publish(facts: readonly Fact[], moved?: Position): void;
  /** How far the relay came in a feed; nothing before its first move. After a crash it may be less, never more. */
  position(feed: string): string | undefined;
  /** Begins delivering. To be called by one process at a time (`lock.ts`). */
  start(): void;
  /** Looks for messages that another process added (replayed dead letters). */
  look(): void;
  /** Messages not yet delivered, dead letters aside. Writes the file first, which has those delivered since too. */
  waiting(): number;
  /** Waits until every message was delivered or buried; whether that came about within these milliseconds. */
  idle(within: number): Promise<boolean>;
  /** Begins nothing new and finishes what is in flight, for at most these milliseconds. The rest stays in the file. */
  stop(within?: number): Promise<void>;
}

const RETRY: Retry = { tries: 10, firstDelay: 100, longestDelay: 30_000 };
const SIDE_BY_SIDE = 8;
/** A session that waits for its retry may have many behind it. Their facts are not held when there are many. */
const MOST_HELD = 50_000;
/** Most messages are delivered by then, and never come to the file. */
const LAG = 250;
/** Milliseconds between two looks of `idle`. */
const LOOK_AGAIN = 3;

export function localBus(options: LocalBusOptions): LocalBus {
  const { file, reactions, log, clock, telemetry } = options;
  const retry = { ...RETRY, ...options.retry };
  const unwritten = unwrittenOf({
    file,
    log,
    lag: options.lag ?? LAG,
    again: retry.longestDelay,
    gone: (message) => queues.get(message.reaction)?.gone(message),
  });

  const queues = new Map(reactions.map((reaction) => [reaction.name, queueOf(reaction)]));
  function queueOf(reaction: Reaction) {
    return sessionsOf({
      sideBySide: options.sideBySide ?? SIDE_BY_SIDE,
      mostHeld: options.mostHeld ?? MOST_HELD,
      retry,
      waiting: (after, limit) => file.waiting(reaction.name, after, limit),
      async deliver(message) {
        const fact = file.fact(message);
        if (fact) await options.deliver(reaction, fact);
      },
      delivered: unwritten.delivered,
      failed(message, error, dead) {
        unwritten.failed({ message, error: described(error), ...(dead ? { deadAt: clock.now() } : {}) });
        if (!dead) return;
        log.error({ reaction: reaction.name, tries: message.tries, err: error }, 'a message became a dead letter');
        telemetry?.deadLetter(reaction.name);
      },
    });
  }

  const interested = new Map<string, string[]>();
  for (const { name, on } of reactions) {
    for (const type of on) interested.set(type, [...(interested.get(type) ?? []), name]);
  }

  /** Messages for all who asked, those aside that are on their way or are dead letters. */
  function messagesOf(facts: readonly Fact[]): readonly Message[] {
    const messages: Message[] = [];
    for (const fact of new Map(facts.map((one) => [one.id, one])).values()) {
      for (const name of interested.get(fact.type) ?? []) {
        if (!queues.get(name)?.holds(fact.id)) messages.push(messageOf(name, fact));
      }
    }
    return file.living(messages);
  }

  function look(): void {
    if (file.changed()) for (const queue of queues.values()) queue.look();
  }

  function waiting(): number {
    unwritten.flush();
    return file.count() + unwritten.count();
  }

  return {
    waiting,
    position: unwritten.position,
    look,
    publish(facts, moved) {
      look();
      const messages = messagesOf(facts);
      const closed = new Set(messages.map(({ reaction }) => reaction).filter((name) => !queues.get(name)?.open()));
      const whole = facts.every((fact) => !interested.has(fact.type) || isFact(fact));
      if (whole && unwritten.open() && closed.size === 0) unwritten.add(messages, moved);
      else unwritten.write(messages, moved);
      for (const message of messages) if (!closed.has(message.reaction)) queues.get(message.reaction)?.take(message);
      for (const name of closed) queues.get(name)?.look();
    },
    start() {
      file.bury([...queues.keys()], clock.now());
      for (const queue of queues.values()) queue.start();
    },
    async idle(within) {
      for (const until = performance.now() + within; waiting() > 0; ) {
        if (performance.now() > until) return false;
        await sleep(LOOK_AGAIN);
      }
      return true;
    },
    async stop(within = 10_000) {
      const stopped = Promise.all([...queues.values()].map((queue) => queue.stop()));
      await Promise.race([stopped, sleep(within, undefined, { ref: false })]);
      unwritten.flush();
    },
  };
}

const LONGEST_ERROR = 2000;
function described(error: unknown): string {
  return (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, LONGEST_ERROR);
}
