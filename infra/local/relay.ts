/** Follows the outbox of every container that holds facts, and brings what it finds to the audit trail and the bus. */
import { setTimeout as sleep } from 'node:timers/promises';
import { delayAfter } from '../../shared/platform/backoff.ts';
import { type ContainerName, containerNames, declarationOf } from '../../shared/platform/containers.ts';
import { FACT_KIND, type Fact, factOf } from '../../shared/platform/facts.ts';
import { lockIn } from '../../shared/platform/lock.ts';
import { runReaction } from '../../shared/platform/react.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import { relay } from '../../shared/platform/relay.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { localBus } from './bus.ts';
import { openBusFile } from './bus-file.ts';
import type { Deliver, Retry } from './bus-sessions.ts';

export interface RelayOptions {
  readonly platform: Platform;
  readonly reactions: readonly Reaction[];
  /** Where `bus.db` lies: the data folder. Of several processes that share it, one relays and delivers at a time. */
  readonly folder: string;
  readonly retry?: Partial<Retry>;
  /** Milliseconds until `bus.db` says what happened. */
  readonly lag?: number;
  /** Milliseconds between looks for what other processes committed. */
  readonly poll?: number;
  /** How a message is delivered; `runReaction` unless a test says otherwise. */
  readonly deliver?: Deliver;
  /** False lets every process work at once; for the test that shows why one must. */
  readonly alone?: boolean;
}

export interface Relay {
  /** Says that something was committed here (the store's `onCommit`). */
  wake(container?: ContainerName): void;
  /** Whether, within these milliseconds, every fact was relayed and every message delivered or buried. */
  drained(within?: number): Promise<boolean>;
  /** Throws when relaying fails at present. */
  ping(): Promise<void>;
  /** Finishes what is in flight and keeps the rest for the next start. */
  stop(): Promise<void>;
}

const followed = containerNames.filter((name) => declarationOf(name).facts);

const POLL = 250;
/** Milliseconds to let commits gather after a wake-up, so that many share a transaction. */
const GATHER = 15;
const MOST_FACTS = 64;
const MOST_CHANGES = 256;
/** Milliseconds between tries while relaying fails. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 30_000;

/** Starts relaying and delivering in this process. */
export function startRelay(options: RelayOptions): Relay {
  const { platform, reactions, folder, poll = POLL } = options;
  const { store, clock, log, telemetry } = platform;
  const file = openBusFile(folder);
  const lock = options.alone === false ? { held: () => true, release() {} } : lockIn(folder, 'relay');
  const bus = localBus({
    file,
    reactions,
    clock,
    log,
    telemetry,
    deliver: options.deliver ?? ((reaction, fact) => runReaction(platform, reaction, fact)),
    ...(options.retry ? { retry: options.retry } : {}),
    ...(options.lag ? { lag: options.lag } : {}),
  });

  const stopping = new AbortController();
  const { signal } = stopping;
  const changed = new Set<ContainerName>(followed);
  let failing: unknown;
  let wakeUp = () => {};

  function wake(container?: ContainerName): void {
    if (container === undefined) for (const name of followed) changed.add(name);
    else if (declarationOf(container).facts) changed.add(container);
    if (changed.size > 0) wakeUp();
  }

  /** Positions of one store mean nothing in another. */
  const source = platform.config.COSMOS_ENDPOINT ?? 'embedded';
  const feed = (container: ContainerName) => `${source}/${container}`;

  /** Relays the next facts of a container. Whether there may be more. */
  async function relayed(container: ContainerName): Promise<boolean> {
    const { facts, position, more } = await unread(container, bus.position(feed(container)));
    if (position === undefined) return false;
    await relay(store, telemetry, facts, async () => bus.publish(facts, { feed: feed(container), value: position }));
    return more;
  }

  async function unread(container: ContainerName, from: string | undefined) {
    const facts: Fact[] = [];
    let position: string | undefined;
    let seen = 0;
    for await (const change of store.changes(container, from)) {
      position = change.position;
      if (change.document.kind === FACT_KIND) facts.push(factOf(change.document));
      seen += 1;
      if (facts.length === MOST_FACTS || seen === MOST_CHANGES) return { facts, position, more: true };
    }
    return { facts, position, more: false };
  }

  /** Waits until something was committed here, or it is time to look for what other processes committed. */
  async function pause(): Promise<void> {
    if (changed.size === 0 && !signal.aborted) {
      const woken = new AbortController();
      wakeUp = () => woken.abort();
      await sleep(poll, undefined, { signal: woken.signal }).catch(() => {});
      wakeUp = () => {};
    }
    if (changed.size > 0) await sleep(GATHER);
  }

  async function run(): Promise<void> {
    let leading = false;
    for (let lookAt = 0; !signal.aborted; ) {
      if (!lock.held()) {
        await sleep(poll, undefined, { signal }).catch(() => {});
        continue;
      }
      if (!leading) bus.start();
      leading = true;
      if (performance.now() >= lookAt) {
        wake();
        lookAt = performance.now() + poll;
      }
      await pass();
      bus.look();
      await pause();
    }
  }

  async function pass(): Promise<void> {
    for (const container of [...changed]) {
      changed.delete(container);
      if (await relayed(container)) changed.add(container);
      await new Promise(setImmediate);
      if (signal.aborted) return;
    }
    failing = undefined;
  }

  async function keepRunning(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const since = performance.now();
      try {
        await run();
      } catch (error) {
        failures = performance.now() - since > LONGEST_PAUSE ? 1 : failures + 1;
        failing = error;
        log.error({ err: error }, 'relaying failed and is tried again');
        wake();
        await sleep(delayAfter(failures, FIRST_PAUSE, LONGEST_PAUSE), undefined, { signal }).catch(() => {});
      }
    }
  }
  const running = keepRunning();

  /** Whether at this moment nothing is under way: no message to deliver, and no fact behind the positions. */
  async function settled(): Promise<boolean> {
    const positions = followed.map((name) => [name, bus.position(feed(name))] as const);
    if (bus.waiting() > 0) return false;
    for (const [name, position] of positions) {
      const { facts, more } = await unread(name, position);
      if (facts.length > 0 || more) return false;
    }
    return true;
  }

  return {
    wake,
    async drained(within = 10_000) {
      for (const until = performance.now() + within; !(await settled()); ) {
        if (performance.now() > until || signal.aborted) return false;
        wake();
        await sleep(GATHER);
      }
      return true;
    },
    async ping() {
      file.count();
      if (failing !== undefined) throw new Error('Facts are not relayed at present', { cause: failing });
    },
    async stop() {
      stopping.abort();
      wakeUp();
      await running;
      await bus.stop();
      file.close();
      lock.release();
    },
  };
}
