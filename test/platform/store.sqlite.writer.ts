/** A process that writes pairs of documents to a store and reports each acknowledged pair, until it is killed. */
import { systemClock } from '../../shared/platform/clock.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Write } from '../../shared/platform/store.ts';

const [, , file = '', run = '', mode = 'honest'] = process.argv;
const store = openSqliteStore({ file, clock: systemClock });

async function writeFor(writer: number): Promise<never> {
  for (let n = 0; ; n += 1) {
    const id = `${run}-${writer}-${n % 50}`;
    const both = [id, `${id}-twin`].map(
      (one): Write => ({ op: 'upsert', document: { id: one, kind: 'customer', body: n } }),
    );
    if (mode === 'early') process.send?.([id, n]);
    await store.commit('customers', ['o'], both);
    if (mode === 'honest') process.send?.([id, n]);
  }
}

await Promise.all(Array.from({ length: 10 }, (_, writer) => writeFor(writer)));
