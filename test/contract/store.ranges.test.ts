/** The change feed of a container that lies on two physical partitions, each with a count of its own. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCosmosStore } from '../../shared/platform/store.azure.ts';
import type { Change, Store } from '../../shared/platform/store.ts';
import { ownAccount } from '../support/cosmos/account.ts';
import { rangeOf } from '../support/cosmos/ranges.ts';
import { create, customer, newOrg } from './store.contract.ts';

let account: Awaited<ReturnType<typeof ownAccount>>;
let store: Store;
beforeAll(async () => {
  account = await ownAccount();
  store = openCosmosStore(account);
});
afterAll(async () => {
  await store.close();
  await account.close();
});

/** An organization that lies on a physical partition. */
function orgIn(range: string): string {
  for (;;) {
    const org = newOrg();
    if (rangeOf(JSON.stringify([org])) === range) return org;
  }
}

async function changes(from?: string): Promise<Change[]> {
  const all: Change[] = [];
  for await (const change of store.changes('customers', from)) all.push(change);
  return all;
}
const idsOf = (all: readonly Change[]) => all.map(({ document }) => document.id).sort();

test.each(['0', '1'])('a position on one of them, with %s behind, hides nothing of the other', async (behind) => {
  const [few, many] = [orgIn(behind), orgIn(behind === '0' ? '1' : '0')];
  const start = (await changes()).at(-1)?.position;
  for (let n = 0; n < 20; n += 1) await create(store, [many], customer(`many-${behind}-${10 + n}`));
  await create(store, [few], customer(`few-${behind}`));
  const all = await changes(start);
  expect(all).toHaveLength(21);
  await create(store, [few], customer(`later-${behind}`));
  for (const [at, { position }] of all.entries()) {
    const rest = await changes(position);
    const unseen = idsOf(all.slice(at + 1));
    // Twice is no harm, since facts are known by their ids; never is.
    expect(idsOf(rest)).toEqual(expect.arrayContaining([...unseen, `later-${behind}`]));
  }
  expect(idsOf(await changes(all.at(-1)?.position))).toEqual([`later-${behind}`]);
});
