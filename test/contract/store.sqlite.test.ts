/** The embedded store passes the whole contract, on a real file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import { testClock } from '../support/platform.ts';
import { storeContract } from './store.contract.ts';

storeContract('The embedded store (SQLite)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-store-'));
  const clock = testClock();
  const store = openSqliteStore({ file: join(folder, 'store.db'), clock });
  return {
    store,
    async pass(seconds) {
      clock.advance(seconds * 1000);
    },
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
