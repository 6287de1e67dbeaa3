/** Relays on a platform of their own for each test, stopped with it. */
import { afterEach, beforeEach } from 'vitest';
import { type Relay, type RelayOptions, startRelay } from '../../infra/local/relay.ts';
import { countRings } from './bells.ts';
import { type TestPlatform, testPlatform } from './platform.ts';

interface Relays {
  /** Starts one; it counts rings unless told otherwise. */
  relaying(more?: Partial<RelayOptions>): Relay;
  /** Stops one before the test ends. */
  stopped(relay: Relay): Promise<void>;
}

/** To be called once in a file; `use` is told of the platform of each test. */
export function relaysOf(use: (platform: TestPlatform) => void): Relays {
  let platform: TestPlatform;
  let relays: Relay[];

  beforeEach(async () => {
    platform = await testPlatform();
    relays = [];
    use(platform);
  });
  afterEach(async () => {
    for (const relay of relays) await relay.stop();
    await platform.close();
  });

  return {
    relaying(more = {}) {
      const retry = { tries: 5, firstDelay: 2, longestDelay: 10 };
      const relay = startRelay({
        platform,
        reactions: [countRings],
        folder: platform.folder,
        poll: 10,
        retry,
        ...more,
      });
      relays.push(relay);
      return relay;
    },
    async stopped(relay) {
      relays = relays.filter((one) => one !== relay);
      await relay.stop();
    },
  };
}
