/** Numbers without gaps, however many draw them at once, in however many processes. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemIds } from '../../shared/platform/clock.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Store, Write } from '../../shared/platform/store.ts';
import { unguarded } from '../support/faults.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';
import { things } from '../support/things.ts';

let platform: TestPlatform;
beforeEach(async () => {
  platform = await testPlatform();
});
afterEach(() => platform.close());

async function make(process: Platform, name: string, note = ''): Promise<number | string> {
  try {
    const made = await testScope(process, 'org')
      .of(things)
      .create(
        systemIds.next(),
        (number) => {
          if (name === 'refused') throw new Refusal('forbidden', 'Not this one.');
          return [{ type: 'ThingMade', data: { name, number, note } }];
        },
        { counter: 'thing' },
      );
    return made.state.number;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

const numbers = (answers: readonly (number | string)[]) =>
  answers.filter((answer) => typeof answer === 'number').sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('drawing numbers', () => {
  function counting() {
    let commits = 0;
    const { store } = platform;
    const commit: Store['commit'] = (...args) => {
      commits += 1;
      return store.commit(...args);
    };
    return { process: { ...platform, store: { ...store, commit } }, commits: () => commits };
  }

  test('200 at once in one process: 1 to 200, in far fewer batches', async () => {
    const { process, commits } = counting();
    const drawn = await Promise.all(upTo(200).map((at) => make(process, `thing ${at}`)));
    expect(numbers(drawn)).toEqual(upTo(200));
    expect(commits()).toBeLessThan(30);
  });

  test('those who come out of one commit to draw stand in one line, though it was empty a moment ago', async () => {
    const { process, commits } = counting();
    async function again(who: number): Promise<void> {
      for (const round of upTo(20)) {
        // Some come later than others, each out of a commit.
        for (const n of upTo(1 + ((who * round) % 5))) {
          const hold: Write = { op: 'create', document: { id: `${round} ${n}`, kind: 'hold', body: null } };
          await platform.store.commit('claims', ['org', `venue:${who}`], [hold]);
        }
        // What else a request does before it draws: a turn for each of the others' promises.
        for (const _ of upTo(3 * who)) await undefined;
        await make(process, `thing ${who} ${round}`);
      }
    }
    await Promise.all(upTo(30).map(again));
    expect(await make(process, 'last')).toBe(601);
    expect(commits()).toBeLessThan(130);
  });

  test('those refused, by their rules or a name in use, leave no gap and harm nobody else', async () => {
    const names = upTo(60).map((at) => (at % 3 === 0 ? 'refused' : at % 3 === 1 ? 'the same' : `thing ${at}`));
    const drawn = await Promise.all(names.map((name) => make(platform, name)));
    expect(numbers(drawn)).toEqual(upTo(21));
    expect(drawn.filter((answer) => answer === 'forbidden')).toHaveLength(20);
    expect(drawn.filter((answer) => answer === 'already_exists')).toHaveLength(19);
    expect(await make(platform, 'next')).toBe(22);
  });

  test('large ones that no batch could hold together are made all the same, in smaller batches', async () => {
    const drawn = await Promise.all(upTo(24).map((at) => make(platform, `thing ${at}`, 'x'.repeat(200_000))));
    expect(numbers(drawn)).toEqual(upTo(24));
    await expect(make(platform, 'too large', 'x'.repeat(2_000_000))).rejects.toThrow('too large');
    expect(await make(platform, 'next')).toBe(25);
  });

  test('two processes at once: no gap, none twice', async () => {
    const twin = platform.twin();
    const drawn = await Promise.all(upTo(200).map((at) => make(at % 2 ? platform : twin, `thing ${at}`)));
    expect(numbers(drawn)).toEqual(upTo(200));
  });

  test('with the etags ignored two processes draw the same numbers (so the test above can fail)', async () => {
    const processes = [platform.twin(), platform.twin()].map((twin) => ({ ...twin, store: unguarded(twin.store) }));
    const drawn = await Promise.all(upTo(50).map((at) => make(processes[at % 2] ?? platform, `thing ${at}`)));
    expect(new Set(drawn).size).toBeLessThan(50);
  });

  test('a store that is down fails those who wait, and uses up no number', async () => {
    const { store } = platform;
    let down = true;
    const commit: Store['commit'] = (...args) => (down ? Promise.reject(new Error('Down')) : store.commit(...args));
    const failing = { ...platform, store: { ...store, commit } };
    const drawn = await Promise.allSettled(upTo(5).map((at) => make(failing, `thing ${at}`)));
    expect(drawn.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    down = false;
    expect(await make(failing, 'thing')).toBe(1);
  });
});
