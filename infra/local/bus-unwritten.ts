/** What happened on the local bus since its file was last written: kept in memory, and written now and then. */
import type { Log } from '../../shared/platform/log.ts';
import type { BusFile, Failure, Message, Position } from './bus-file.ts';

interface Options {
  readonly file: BusFile;
  readonly log: Log;
  /** Milliseconds until what happened is written. */
  readonly lag: number;
  /** Milliseconds until the file is tried again after it could not be written. */
  readonly again: number;
  /** Says that a message is delivered or buried, and not in the file any more. */
  gone(message: Message): void;
}

/**
 * The messages, what became of them and the relay's positions reach the file together or not at all. So a crash takes
 * the bus back to some moment before, and the relay goes on from there: some is delivered once more, nothing is lost.
 */
interface Unwritten {
  /** Whether messages may be kept here now. When not, they must be written at once. */
  open(): boolean;
  /** Messages not delivered that are in memory alone. */
  count(): number;
  position(feed: string): string | undefined;
  add(messages: readonly Message[], moved?: Position): void;
  delivered(message: Message): void;
  failed(failure: Failure): void;
  /** Writes everything, and these messages after it. Throws when that fails; then these are not taken. */
  write(messages?: readonly Message[], moved?: Position): void;
  /** Writes everything; logs when that fails, and tries again later. */
  flush(): void;
}

/** Messages in memory alone, at most, with their facts: a few kilobytes each. */
const MOST_UNWRITTEN = 500;

export function unwrittenOf({ file, log, lag, again, gone }: Options): Unwritten {
  const messages = new Set<Message>();
  const failures = new Map<Message, Failure>();
  const positions = new Map<string, Position>();
  let delivered: Message[] = [];
  let failing = false;
  let planned: NodeJS.Timeout | undefined;

  function soon(): void {
    planned ??= setTimeout(flush, lag);
  }

  function write(more: readonly Message[] = [], moved?: Position): void {
    failing = true;
    file.write({
      added: [...messages, ...more],
      delivered,
      failures: [...failures.values()],
      positions: [...positions.values(), ...(moved ? [moved] : [])],
    });
    failing = false;
    clearTimeout(planned);
    planned = undefined;
    const buried = [...failures.values()].filter(({ deadAt }) => deadAt !== undefined).map(({ message }) => message);
    const settled = [...delivered, ...buried];
    messages.clear();
    failures.clear();
    positions.clear();
    delivered = [];
    for (const message of settled) gone(message);
  }

  function flush(): void {
    clearTimeout(planned);
    planned = undefined;
    const changes = messages.size + failures.size + positions.size + delivered.length;
    if (changes === 0) return;
    try {
      write();
    } catch (error) {
      log.error({ err: error, changes }, 'the bus cannot write its file');
      setTimeout(soon, again).unref();
    }
  }

  return {
    write,
    flush,
    open: () => !failing && messages.size < MOST_UNWRITTEN,
    count: () => messages.size,
    position: (feed) => positions.get(feed)?.value ?? file.position(feed),
    add(more, moved) {
      for (const message of more) messages.add(message);
      if (moved) positions.set(moved.feed, moved);
      soon();
    },
    delivered(message) {
      failures.delete(message);
      if (messages.delete(message)) return gone(message);
      delivered.push(message);
      soon();
    },
    failed(failure) {
      failures.set(failure.message, failure);
      soon();
    },
  };
}
