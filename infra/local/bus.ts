/** The local bus: delivers the messages of `bus.db` to reactions; in order per subject, subjects side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import type { Telemetry } from '../../shared/platform/telemetry.ts';
import type { BusFile, Failure, Position } from './bus-file.ts';
import { type Deliver, type Retry, sessionsOf } from './bus-sessions.ts';

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
}

export interface LocalBus {
  /** One message for each reaction that asked for the fact's type, and the relay's new position, in one transaction. */
  publish(facts: readonly Fact[], moved?: Position): void;
  /** Begins delivering. To be called by one process at a time (`lock.ts`). */
  start(): void;
  /** Looks for messages that another process added (replayed dead letters). */
  look(): void;
  /** Messages not yet delivered, dead letters aside. */
  waiting(): number;
  /** Waits until every message was delivered or buried; whether that came about within these milliseconds. */
  idle(within: number): Promise<boolean>;
  /** Begins nothing new and finishes what is in flight, for at most these milliseconds. The rest stays in the file. */
  stop(within?: number): Promise<void>;
}

const RETRY: Retry = { tries: 10, firstDelay: 100, longestDelay: 30_000 };
const SIDE_BY_SIDE = 8;
/** Milliseconds to let deliveries gather, so that many share a transaction. */
const GATHER = 5;
/** Milliseconds between two looks of `idle`. */
const LOOK_AGAIN = 3;

export function localBus(options: LocalBusOptions): LocalBus {
  const { file, reactions, log, clock, telemetry } = options;
  const retry = { ...RETRY, ...options.retry };
  const interested = new Map<string, Reaction[]>();
  for (const reaction of reactions) {
    for (const type of reaction.on) interested.set(type, [...(interested.get(type) ?? []), reaction]);
  }

  let delivered: number[] = [];
  let failures: Failure[] = [];
  let flushing: NodeJS.Timeout | undefined;
  /** Writes what deliveries came to, many in one transaction. A crash before it means: delivered once more. */
  function flush(): void {
    clearTimeout(flushing);
    flushing = undefined;
    if (delivered.length + failures.length === 0) return;
    try {
      file.settle(delivered, failures);
      delivered = [];
      failures = [];
    } catch (error) {
      log.error({ err: error, messages: delivered.length + failures.length }, 'the bus cannot keep what was delivered');
      setTimeout(soon, retry.longestDelay).unref();
    }
  }
  function soon(): void {
    flushing ??= setTimeout(flush, GATHER);
  }

  const queues = reactions.map((reaction) =>
    sessionsOf({
      sideBySide: options.sideBySide ?? SIDE_BY_SIDE,
      retry,
      waiting: (after, limit) => file.waiting(reaction.name, after, limit),
      async deliver(message) {
        const fact = file.fact(message.n);
        if (fact) await options.deliver(reaction, fact);
      },
      delivered({ n }) {
        delivered.push(n);
        soon();
      },
      failed({ n, tries }, error, dead) {
        failures.push({ n, tries, error: described(error), ...(dead ? { deadAt: clock.now() } : {}) });
        if (dead) {
          log.error({ reaction: reaction.name, tries, err: error }, 'a message became a dead letter');
          telemetry?.deadLetter(reaction.name);
        }
        soon();
      },
    }),
  );

  function look(): void {
    for (const queue of queues) queue.look();
  }

  function waiting(): number {
    flush();
    return file.count();
  }

  return {
    look,
    waiting,
    publish(facts, moved) {
      const messages = facts.flatMap((fact) =>
        (interested.get(fact.type) ?? []).map(({ name }) => ({ reaction: name, fact })),
      );
      file.add(messages, moved);
      if (messages.length > 0) look();
    },
    start() {
      file.bury(
        reactions.map(({ name }) => name),
        clock.now(),
      );
      for (const queue of queues) queue.start();
    },
    async idle(within) {
      for (const until = performance.now() + within; waiting() > 0; ) {
        if (performance.now() > until) return false;
        await sleep(LOOK_AGAIN);
      }
      return true;
    },
    async stop(within = 10_000) {
      await Promise.race([Promise.all(queues.map((queue) => queue.stop())), sleep(within, undefined, { ref: false })]);
      flush();
    },
  };
}

const LONGEST_ERROR = 2000;
function described(error: unknown): string {
  return (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, LONGEST_ERROR);
}
