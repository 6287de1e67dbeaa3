/** What every keeper of rate counters does; `test/contract/limits.test.ts` runs it over each. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Budget, Limits } from '../../shared/platform/limits.ts';

interface LimitsUnderTest {
  /** Two that count together: two processes where the counters are shared, one and the same where they are not. */
  readonly one: Limits;
  readonly other: Limits;
  /** Milliseconds since 1970. */
  now(): number;
  /** Lets so many milliseconds go by. */
  pass(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

const THREE: Budget = { limit: 3, windowSeconds: 60 };
const SHORT: Budget = { limit: 2, windowSeconds: 1 };

export function limitsContract(name: string, open: () => Promise<LimitsUnderTest>): void {
  describe(`${name}: rate counters`, () => {
    let limits: LimitsUnderTest;
    beforeEach(async () => {
      limits = await open();
    });
    afterEach(() => limits.close());
    const take = (key: string, budget = THREE, orgId?: string) => limits.one.take(key, budget, orgId);

    test('count down to nothing, then refuse, and say what is left and until when', async () => {
      const at = limits.now();
      const spent = [await take('key'), await limits.other.take('key', THREE), await take('key'), await take('key')];
      expect(spent.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
        [true, 2],
        [true, 1],
        [true, 0],
        [false, 0],
      ]);
      for (const { limit, resetSeconds, resetAt } of spent) {
        expect(limit).toBe(3);
        expect([59, 60]).toContain(resetSeconds);
        expect(resetAt * 1000).toBeGreaterThanOrEqual(at + 59_000);
        expect(resetAt * 1000).toBeLessThan(at + 62_000);
      }
    });

    test('count in windows that begin with the first and end on time, whatever comes meanwhile', async () => {
      await take('key', SHORT);
      await limits.pass(600);
      expect(await limits.other.take('key', SHORT)).toMatchObject({ allowed: true, remaining: 0, resetSeconds: 1 });
      expect(await take('key', SHORT)).toMatchObject({ allowed: false });
      await limits.pass(500);
      expect(await limits.other.peek('key', SHORT)).toMatchObject({ allowed: true, remaining: 2, resetSeconds: 1 });
      expect(await take('key', SHORT)).toMatchObject({ allowed: true, remaining: 1, resetSeconds: 1 });
    });

    test('are looked at without being counted: whether one more would be allowed', async () => {
      const whole = { allowed: true, limit: 3, remaining: 3, resetSeconds: 60 };
      expect(await limits.one.peek('key', THREE)).toMatchObject(whole);
      expect(await limits.other.peek('key', THREE)).toMatchObject(whole);
      await take('key');
      await take('key');
      expect(await limits.other.peek('key', THREE)).toMatchObject({ allowed: true, remaining: 1 });
      await take('key');
      expect(await limits.one.peek('key', THREE)).toMatchObject({ allowed: false, remaining: 0 });
      expect(await limits.other.peek('key', THREE)).toMatchObject({ allowed: false, remaining: 0 });
    });

    test('are apart by key and by organization, whatever characters a key has', async () => {
      const keys = ['key', 'Key', 'key ', '{key}', 'public:2001:db8::1', 'имя@пример.example', '', '\u0000\r\n'];
      for (const key of keys) expect(await take(key), key).toMatchObject({ remaining: 2 });
      const [one, two] = ['019a0000-0000-7000-8000-000000000001', '019a0000-0000-7000-8000-000000000002'];
      expect(await take('key', THREE, one)).toMatchObject({ remaining: 2 });
      expect(await take('key', THREE, two)).toMatchObject({ remaining: 2 });
      expect(await limits.other.take('key', THREE, one)).toMatchObject({ remaining: 1 });
      expect(await limits.other.peek('key', THREE, two)).toMatchObject({ remaining: 2 });
    });

    test('hold what is counted against the budget of whoever asks', async () => {
      for (let at = 0; at < 3; at += 1) await take('key');
      expect(await take('key', { limit: 10, windowSeconds: 60 })).toMatchObject({ allowed: true, remaining: 6 });
      expect(await take('key', { limit: 1, windowSeconds: 60 })).toMatchObject({ allowed: false, remaining: 0 });
    });

    test('allow exactly as many as the budget has, however simultaneous', async () => {
      const budget = { limit: 20, windowSeconds: 60 };
      const all = await Promise.all(
        Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? limits.one : limits.other).take('key', budget)),
      );
      expect(all.filter(({ allowed }) => allowed)).toHaveLength(20);
      expect(all.filter(({ allowed }) => allowed).map(({ remaining }) => remaining)).toEqual(
        expect.arrayContaining(Array.from({ length: 20 }, (_, at) => at)),
      );
    });
  });
}
