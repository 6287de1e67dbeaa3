/** One reaction's messages: within a session one after another and in order, sessions side by side. */
import { delayAfter } from '../../shared/platform/backoff.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import type { Message, Written } from './bus-file.ts';

/** Delays in milliseconds; they double from try to try, with jitter. */
export interface Retry {
  readonly tries: number;
  readonly firstDelay: number;
  readonly longestDelay: number;
}

export type Deliver = (reaction: Reaction, fact: Fact) => Promise<void>;

interface Options {
  readonly sideBySide: number;
  /** Messages held in memory, at most, and what a batch is more than that. */
  readonly mostHeld: number;
  readonly retry: Retry;
  /** What is in the file after number `after`, oldest first. */
  waiting(after: number, limit: number): readonly Written[];
  deliver(message: Message): Promise<void>;
  delivered(message: Message): void;
  /** `message.tries` counts the failure already. */
  failed(message: Message, error: unknown, dead: boolean): void;
}

interface Sessions {
  start(): void;
  /** Whether a message may come straight from memory: the file has none before it, and there is room. */
  open(): boolean;
  /** Takes a message straight from memory, while open. */
  take(message: Message): void;
  /** Whether a message of this fact is taken up and not yet gone. */
  holds(factId: string): boolean;
  /** A message was delivered or buried, and is not in the file any more. */
  gone(message: Message): void;
  /** Takes up messages that were added to the file. */
  look(): void;
  /** Begins nothing new; answers when what is in flight has ended. */
  stop(): Promise<void>;
}

const PAGE = 100;

export function sessionsOf(options: Options): Sessions {
  const { sideBySide, mostHeld, retry } = options;
  /** Messages taken up and not settled; the first of each is the one to deliver. */
  const sessions = new Map<string, Message[]>();
  /** Facts of all messages taken up and not yet gone: the file may have them too, or is about to. */
  const held = new Set<string>();
  /** Sessions whose first message may be delivered now. */
  const ready: string[] = [];
  const retries = new Set<NodeJS.Timeout>();
  const inFlight = new Set<Promise<void>>();
  let started = false;
  let last = 0;
  /** Whether the file may hold messages that are not taken up. */
  let behind = true;

  function takeUp(): void {
    while (behind && inFlight.size + ready.length < sideBySide && held.size < mostHeld) {
      const page = options.waiting(last, PAGE);
      behind = page.length === PAGE;
      for (const message of page) {
        if (!held.has(message.factId)) hold(message);
        last = message.n;
      }
    }
  }

  function hold(message: Message): void {
    const session = sessions.get(message.session);
    if (session) session.push(message);
    else {
      sessions.set(message.session, [message]);
      ready.push(message.session);
    }
    held.add(message.factId);
  }

  function look(): void {
    behind = true;
    goOn();
  }

  function goOn(): void {
    if (!started) return;
    takeUp();
    while (inFlight.size < sideBySide) {
      const name = ready.shift();
      if (name === undefined) return;
      const work = delivered(name);
      inFlight.add(work);
      void work.finally(() => {
        inFlight.delete(work);
        goOn();
      });
    }
  }

  async function delivered(name: string): Promise<void> {
    const session = sessions.get(name);
    const message = session?.[0];
    if (!session || !message) return;
    // A turn of the event loop for requests, between any two messages.
    await new Promise(setImmediate);
    try {
      await options.deliver(message);
      options.delivered(message);
      next(name, session);
    } catch (error) {
      message.tries += 1;
      const dead = message.tries >= retry.tries;
      options.failed(message, error, dead);
      if (dead) return next(name, session);
      later(name, message.tries);
    }
  }

  function next(name: string, session: Message[]): void {
    session.shift();
    if (session.length > 0) ready.push(name);
    else sessions.delete(name);
  }

  function later(name: string, tries: number): void {
    const timeout = setTimeout(
      () => {
        retries.delete(timeout);
        ready.push(name);
        goOn();
      },
      delayAfter(tries, retry.firstDelay, retry.longestDelay),
    );
    retries.add(timeout);
  }

  return {
    look,
    open: () => started && !behind && held.size < mostHeld,
    take(message) {
      hold(message);
      goOn();
    },
    holds: (factId) => held.has(factId),
    gone({ factId }) {
      held.delete(factId);
      if (behind) goOn();
    },
    start() {
      started = true;
      goOn();
    },
    async stop() {
      started = false;
      for (const timeout of retries) clearTimeout(timeout);
      await Promise.all(inFlight);
    },
  };
}
