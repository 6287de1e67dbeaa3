/** Group commit over transactions of the test's own: who is told what of them, and how the next are done. */
import { describe, expect, test } from 'vitest';
import { committerOf } from '../../shared/platform/store.sqlite.commit.ts';
import type { Transactions } from '../../shared/platform/store.sqlite.transaction.ts';
import { StoreUnavailable } from '../../shared/platform/store.ts';

const nextTurn = () => new Promise(setImmediate);
const nothing = () => undefined;
const fault = (code: string) => Object.assign(new Error(code), { code });

interface Beside {
  readonly onCommit?: () => void;
  readonly onFault?: (error: unknown) => void;
}

/** Commits batches of one document, under an id. What is left out of the transactions is done under the lock, and goes well. */
function committing(transactions: Partial<Transactions>, { onCommit, onFault = nothing }: Beside = {}) {
  const committer = committerOf({
    transactions: {
      ahead: nothing,
      underLock: async (batches) => batches.map((batch) => [batch, ['under the lock']]),
      sweep: async () => ({ gone: 0, more: false }),
      lost: async () => undefined,
      ...transactions,
    },
    now: () => 0,
    onCommit,
    onFault,
    isAlone: () => true,
    noticed: Promise.resolve(),
  });
  return (id: string) => committer.commit({ container: 'customers', writes: [], keys: [id], texts: [''], scopes: [] });
}

describe('one that is lost', () => {
  /** Two that were sent ahead, of one batch each, whose fate the test decides; `done` are those done under the lock. */
  async function twoSent() {
    const fates: { land(): void; lose(code: string): void }[] = [];
    const done: string[][] = [];
    const commit = committing({
      ahead(batches) {
        const landed = new Promise<void>((resolve, reject) => {
          fates.push({ land: resolve, lose: (code) => reject(fault(code)) });
        });
        return { landed, result: batches.map((batch) => [batch, ['ahead']]) };
      },
      async underLock(batches) {
        done.push(batches.flatMap(({ keys }) => keys));
        return batches.map((batch) => [batch, ['under the lock']]);
      },
    });
    const answers = [];
    for (const id of ['a', 'b']) {
      answers.push(commit(id));
      await nextTurn();
      await nextTurn();
    }
    const [first, second] = fates;
    if (!first || !second) throw new Error('Two were to be sent');
    return { first, second, answers, done, commit };
  }

  test('is done again under the lock, and what was sent after it, in their order', async () => {
    const { first, second, answers, done, commit } = await twoSent();
    answers.push(commit('c'));
    first.lose('SQLITE_BUSY');
    second.lose('SQLITE_CONSTRAINT_PRIMARYKEY');
    expect(await Promise.all(answers)).toEqual(Array(3).fill(['under the lock']));
    expect(done).toEqual([['a', 'b', 'c']]);
  });

  test('to the disk is not known to be undone: whoever asked for it is told so, and the one after it is done again', async () => {
    const { first, second, answers, done } = await twoSent();
    first.lose('SQLITE_IOERR_FSYNC');
    second.lose('SQLITE_CONSTRAINT_PRIMARYKEY');
    await expect(answers[0]).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await answers[1]).toEqual(['under the lock']);
    expect(done).toEqual([['b']]);
  });

  test('while the one after it landed is told as it is', async () => {
    const { first, second, answers, done } = await twoSent();
    second.land();
    first.lose('SQLITE_IOERR_FSYNC');
    await expect(answers[0]).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await answers[1]).toEqual(['ahead']);
    expect(done).toEqual([]);
  });

  test('costs: after each in a row twice as many are done under the lock before one is sent ahead, after one that lands half', async () => {
    const [lost, landed] = [() => Promise.reject(fault('SQLITE_BUSY')), () => Promise.resolve()];
    const fates = [...Array(8).fill(lost), landed, lost, landed, landed, lost, landed];
    /** How many were done under the lock after each that was sent ahead. */
    const locked: number[] = [];
    const commit = committing({
      ahead(batches) {
        if (batches.length === 0) return undefined;
        locked.push(0);
        return { landed: fates.shift()?.() ?? Promise.resolve(), result: batches.map((batch) => [batch, ['ahead']]) };
      },
      async underLock(batches) {
        locked.push((locked.pop() ?? 0) + 1);
        return batches.map((batch) => [batch, ['under the lock']]);
      },
    });
    while (fates.length > 0) await commit('a');
    expect(locked).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 0, 32, 0, 0, 16, 0]);
  });
});

test('what fails when a commit is told of is told by itself, and keeps nobody from an answer', async () => {
  const faults: unknown[] = [];
  const broken = new Error('broken');
  const onCommit = () => {
    throw broken;
  };
  const commit = committing(
    {
      async underLock(batches) {
        await nextTurn();
        return batches.map((batch) => [batch, ['under the lock']]);
      },
    },
    { onCommit, onFault: (error) => faults.push(error) },
  );
  const answers = ['a', 'b'].map(async (id, turns) => {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    return commit(id);
  });
  // When the first is told of, the second is on its way.
  expect(await Promise.all(answers)).toEqual([['under the lock'], ['under the lock']]);
  expect(await commit('c')).toEqual(['under the lock']);
  await nextTurn();
  expect(faults).toEqual([broken, broken, broken]);
});

test('of batches that are tried one by one, the first that does not get the lock tells those behind it', async () => {
  let waits = 0;
  const commit = committing({
    async underLock(batches) {
      if (batches.length > 1) throw new Error('poisoned');
      if (batches[0]?.keys[0] === '0') return batches.map((batch) => [batch, ['etag']]);
      waits += 1;
      throw fault('SQLITE_BUSY');
    },
  });
  const load = Array.from({ length: 20 }, (_, n) => commit(String(n)));
  const [first, ...rest] = load;
  await Promise.all(rest.map((one) => expect(one).rejects.toBeInstanceOf(StoreUnavailable)));
  expect(await first).toEqual(['etag']);
  expect(waits).toBe(1);
});

test('whoever waits when nothing can be undone is told so, and the next commits go on', async () => {
  let broken = true;
  const commit = committing({
    ahead: () => (broken ? { result: [], landed: Promise.reject(new Error('lost')) } : undefined),
    async lost() {
      throw new Error('The disk is gone');
    },
  });
  await expect(commit('a')).rejects.toThrow('The disk is gone');
  broken = false;
  expect(await commit('a')).toEqual(['under the lock']);
});
