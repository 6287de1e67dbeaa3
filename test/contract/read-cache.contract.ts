/** What every read cache does; `test/contract/read-cache.test.ts` runs it over each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { CacheKey, Caches, ReadCache } from '../../shared/platform/read-cache.ts';

interface CachesUnderTest {
  readonly caches: Caches;
  close(): Promise<void>;
}

/** Long enough to do something meanwhile on a busy machine. */
export const FRESH_MS = 1500;
export const Person = z.strictObject({ name: z.string(), rights: z.array(z.string()) }).nullable();
export type Person = z.output<typeof Person>;
export const options = { name: 'person', max: 1000, freshMs: FRESH_MS, schema: Person };

export const ORG = '019a0000-0000-7000-8000-00000000000a';
export const key = (id: string, userId = 'ada', orgId = ORG): CacheKey => ({ orgId, userId, id });
export const person = (name: string): Person => ({ name, rights: ['events:read'] });

/** A source that counts how often it is read. */
export function source(first: Person) {
  let value = first;
  let reads = 0;
  return {
    load: async () => {
      reads += 1;
      return value;
    },
    become(next: Person) {
      value = next;
    },
    reads: () => reads,
  };
}

/** A load that ends when the test says so. */
export function held() {
  let end: (value: Person) => void = () => {};
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const load = () =>
    new Promise<Person>((resolve) => {
      end = resolve;
      begin();
    });
  return { load, begun, end: (value: Person) => end(value) };
}

export function cacheContract(name: string, open: () => Promise<CachesUnderTest>): void {
  describe(`${name}: a read cache`, () => {
    let under: CachesUnderTest;
    let cache: ReadCache<Person>;
    beforeEach(async () => {
      under = await open();
      cache = under.caches.open(options);
    });
    afterEach(() => under.close());

    test('reads once for all who ask at once, and for those who ask while it is fresh', async () => {
      const { load, reads } = source(person('Ada'));
      const all = await Promise.all(Array.from({ length: 20 }, () => cache.get(key('1'), load)));
      expect(all).toEqual(Array.from({ length: 20 }, () => person('Ada')));
      expect(await cache.get(key('1'), load)).toEqual(person('Ada'));
      expect(reads()).toBe(1);
    });

    test('remembers that there is nothing, too', async () => {
      const { load, reads } = source(null);
      expect([await cache.get(key('1'), load), await cache.get(key('1'), load)]).toEqual([null, null]);
      expect(reads()).toBe(1);
    });

    test('reads anew when it is as old as it may be, counted from the beginning of the reading', async () => {
      const slow = held();
      const first = cache.get(key('1'), slow.load);
      await slow.begun;
      await sleep(FRESH_MS - 300);
      slow.end(person('Ada'));
      expect(await first).toEqual(person('Ada'));
      await sleep(400);
      const { load } = source(person('Ada Lovelace'));
      expect(await cache.get(key('1'), load)).toEqual(person('Ada Lovelace'));
    });

    test('does not remember what could not be read', async () => {
      const broken = async () => {
        throw new Error('the store is away');
      };
      const both = await Promise.allSettled([cache.get(key('1'), broken), cache.get(key('1'), broken)]);
      expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(await cache.get(key('1'), source(person('Ada')).load)).toEqual(person('Ada'));
    });

    test('drops one, all of a user, all of an organization, and no other', async () => {
      const all = [key('1'), key('2'), key('1', 'bob'), key('1', 'ada', ORG.replace('a', 'b'))];
      const readAnew = async () => {
        const sources = all.map(() => source(person('Ada')));
        for (const [at, { load }] of sources.entries()) await cache.get(all[at] ?? key(''), load);
        return sources.map(({ reads }) => reads());
      };
      expect(await readAnew()).toEqual([1, 1, 1, 1]);
      expect(await readAnew()).toEqual([0, 0, 0, 0]);
      await cache.drop({ orgId: ORG, userId: 'bob', id: '1' });
      expect(await readAnew()).toEqual([0, 0, 1, 0]);
      await cache.drop({ orgId: ORG, userId: 'ada' });
      expect(await readAnew()).toEqual([1, 1, 0, 0]);
      await cache.drop({ orgId: ORG });
      expect(await readAnew()).toEqual([1, 1, 1, 0]);
    });

    test('never remembers what was read before a drop, however late the reading ends', async () => {
      const slow = held();
      const first = cache.get(key('1'), slow.load);
      await slow.begun;
      await cache.drop({ orgId: ORG, userId: 'ada', id: '1' });
      slow.end(person('Ada'));
      expect(await first).toEqual(person('Ada'));
      await sleep(50);
      expect(await cache.get(key('1'), source(null).load)).toBe(null);
    });

    test('keeps apart what has another name, and what has other keys', async () => {
      const others = under.caches.open({ ...options, name: 'other' });
      await cache.get(key('1'), source(person('Ada')).load);
      expect(await others.get(key('1'), source(person('Bob')).load)).toEqual(person('Bob'));
      expect(await cache.get(key('2'), source(person('Bob')).load)).toEqual(person('Bob'));
      expect(await cache.get(key('1'), source(person('Bob')).load)).toEqual(person('Ada'));
    });
  });
}
