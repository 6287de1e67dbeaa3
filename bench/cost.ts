/** What a request costs in the store: round trips, and request units by the published prices of Cosmos DB. */
import { startLocal } from '../infra/local/compose.ts';
import { readConfig } from '../shared/platform/config.ts';
import { openLog } from '../shared/platform/log.pino.ts';
import type { Store } from '../shared/platform/store.ts';
import { bodyOf } from './bodies.ts';
import { clientOf, signedIn } from './client.ts';
import { environment } from './host.ts';
import { queryUnits, readUnits, writeUnits } from './prices.ts';
import type { Row } from './rows.ts';

export interface Cost {
  roundTrips: number;
  requestUnits: number;
}

/** A store that counts what goes through it. */
function counted(store: Store): { readonly store: Store; take(): Cost } {
  let cost: Cost = { roundTrips: 0, requestUnits: 0 };
  const add = (units: number) => {
    cost.roundTrips += 1;
    cost.requestUnits += units;
  };
  return {
    take() {
      const taken = cost;
      cost = { roundTrips: 0, requestUnits: 0 };
      return taken;
    },
    store: {
      ...store,
      async read(container, partition, id) {
        const stored = await store.read(container, partition, id);
        add(readUnits(stored));
        return stored;
      },
      async query(container, partition, query) {
        const page = await store.query(container, partition, query);
        add(queryUnits(page));
        return page;
      },
      async commit(container, partition, writes) {
        const etags = await store.commit(container, partition, writes);
        add(writes.reduce((sum, write) => sum + writeUnits(write), 0));
        return etags;
      },
    },
  };
}

/** Round trips and request units of one request each, counted in this process. */
export async function costs(folder: string, name: string, rows: readonly Row[]): Promise<Map<string, Cost>> {
  const found = new Map<string, Cost>();
  const config = readConfig({ ...environment(folder), PORT: '0' });
  let take: () => Cost = () => ({ roundTrips: 0, requestUnits: 0 });
  const local = await startLocal({
    config,
    log: openLog('silent'),
    timers: false,
    watch: (store) => {
      const watched = counted(store);
      take = watched.take;
      return watched.store;
    },
  });
  const client = clientOf(local.host.origin);
  const token = await signedIn(client, name);
  for (const { name: row, load } of rows) {
    const path = load.paths[0]?.slice('/api/'.length);
    const { post } = load;
    // The first request signs the session in here and warms what is read once.
    await client.json('GET', 'organization', undefined, token);
    await local.relay.drained(5000);
    take();
    // A body that no load sends.
    if (post && load.writes === 10) {
      const body = bodyOf(post, post.offset + 900_000);
      await client.json('POST', post.path.slice('/api/'.length), JSON.parse(body), token);
    }
    if (path !== undefined) await client.json('GET', path, undefined, token);
    found.set(row, take());
  }
  await local.close();
  return found;
}
