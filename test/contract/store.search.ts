/** Contract: search by the beginnings of words. */
import { expect, test } from 'vitest';
import type { Query } from '../../shared/platform/store.ts';
import { wordsOf } from '../../shared/platform/words.ts';
import type { Subject } from './store.contract.ts';
import { create, customer, idsOf, newOrg, walk } from './store.contract.ts';

const people: readonly [id: string, name: string][] = [
  ['c1', 'Anna Smith'],
  ['c2', 'Ann Smithers'],
  ['c3', 'Joanna Smith'],
  ['c4', 'Ann Smith'],
  ['c5', 'Zoë Ångström'],
  ['c6', 'Annabel Smithson Anna'],
  ['c7', '李 小龍'],
];

export function searchContract({ store }: Subject): void {
  async function peopled(): Promise<string> {
    const org = newOrg();
    const documents = people.map(([id, name]) =>
      customer(id, { words: wordsOf(name), ix: { status: id < 'c4' ? 'a' : 'b' }, sets: { tags: [id] } }),
    );
    await create(store(), [org], ...documents, customer('x1', { kind: 'note', words: ['anna'] }));
    return org;
  }
  const search = (org: string, q: string, rest: Partial<Query> = {}) =>
    store().query('customers', [org], { kind: 'customer', search: wordsOf(q), limit: 100, ...rest });

  test.each([
    ['one word whole comes before its longer ones, newest first', 'ann', ['c4', 'c2', 'c6', 'c1']],
    ['the beginning of a word', 'smithe', ['c2']],
    ['not the middle of a word', 'nna', []],
    ['a single letter', 's', ['c6', 'c4', 'c3', 'c2', 'c1']],
    ['every word must match', 'ann smith', ['c4', 'c6', 'c2', 'c1']],
    ['in any order', 'smith ann', ['c4', 'c6', 'c2', 'c1']],
    ['the same word twice is one', 'ann ann', ['c4', 'c2', 'c6', 'c1']],
    ['a word and its own beginning', 'anna ann', ['c6', 'c1']],
    ['case does not matter', 'ANNA', ['c6', 'c1']],
    ['accents do not matter', 'zoe angstrom', ['c5']],
    ['accents asked for do not matter', 'Ánnä', ['c6', 'c1']],
    ['other scripts', '小', ['c7']],
    ['what matches nothing', 'zz', []],
    ['one of the words matches nothing', 'anna zz', []],
  ])('%s', async (_, q, expected) => {
    const org = await peopled();
    const page = await search(org, q, { count: true });
    expect(idsOf(page)).toEqual(expected);
    expect(page.total).toBe(expected.length);
    expect(await walk(store(), [org], { kind: 'customer', search: wordsOf(q), limit: 1 })).toEqual(expected);
  });

  test('no words match everything, newest first', async () => {
    expect(idsOf(await search(await peopled(), ' '))).toEqual(['c7', 'c6', 'c5', 'c4', 'c3', 'c2', 'c1']);
  });

  test('conditions narrow a search', async () => {
    const org = await peopled();
    expect(idsOf(await search(org, 'ann', { where: [{ path: 'status', eq: 'a' }] }))).toEqual(['c2', 'c1']);
    expect(idsOf(await search(org, 'ann', { where: [{ path: 'status', in: ['b', 'x'] }] }))).toEqual(['c4', 'c6']);
    expect(idsOf(await search(org, 'ann', { where: [{ set: 'tags', any: ['c6', 'c1'] }] }))).toEqual(['c6', 'c1']);
    expect((await search(org, 'ann', { where: [{ path: 'status', eq: 'a' }], count: true })).total).toBe(2);
  });

  test('a changed document is found by its new words only, another organization never', async () => {
    const org = await peopled();
    await store().commit(
      'customers',
      [org],
      [{ op: 'upsert', document: customer('c1', { words: wordsOf('Maria Smithy') }) }],
    );
    expect(idsOf(await search(org, 'anna'))).toEqual(['c6']);
    expect(idsOf(await search(org, 'maria'))).toEqual(['c1']);
    expect(idsOf(await search(newOrg(), 'anna'))).toEqual([]);
  });

  test('a beginning that hundreds of different words share', async () => {
    const org = newOrg();
    const count = 700;
    const name = (n: number) => String(n).padStart(3, '0');
    await create(
      store(),
      [org],
      ...Array.from({ length: count }, (_, n) => customer(`c${name(n)}`, { words: [`code${name(n)}`, `coder${n}`] })),
    );
    const newest = Array.from({ length: count }, (_, n) => `c${name(count - 1 - n)}`);
    expect(await walk(store(), [org], { kind: 'customer', search: ['code'], limit: 70 })).toEqual(newest);
    expect(await walk(store(), [org], { kind: 'customer', search: ['code1'], limit: 30 })).toEqual(
      newest.slice(count - 200, count - 100),
    );
    expect(await walk(store(), [org], { kind: 'customer', search: ['code', 'c'], limit: 70 })).toEqual(newest);
  });

  test('a search goes on across both tiers while documents come and go', async () => {
    const org = newOrg();
    const made = Array.from({ length: 40 }, (_, n) =>
      customer(`c${10 + n}`, { words: [n % 3 === 0 ? 'lamp' : 'lamps'] }),
    );
    await create(store(), [org], ...made);
    let n = 0;
    const between = async () => {
      await create(store(), [org], customer(`x${n}`, { words: ['lamp'] }));
      n += 1;
    };
    const seen = await walk(store(), [org], { kind: 'customer', search: ['lamp'], limit: 3 }, between);
    const whole = made.filter(({ words }) => words?.[0] === 'lamp').map(({ id }) => id);
    const rest = made.filter(({ words }) => words?.[0] === 'lamps').map(({ id }) => id);
    expect(seen.filter((id) => id.startsWith('c'))).toEqual([...whole.reverse(), ...rest.reverse()]);
    expect(new Set(seen).size).toBe(seen.length);
  });
}
