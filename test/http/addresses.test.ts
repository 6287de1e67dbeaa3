/** Every address takes the methods that are declared for it, and says which those are to every other one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { grouped } from '../../shared/platform/grouped.ts';
import { startTestHost, type TestHost } from '../support/host.ts';

let host: TestHost;
beforeAll(async () => {
  host = await startTestHost();
}, 60_000);
afterAll(() => host.close());

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const ID = '0193b0a0-7c1e-7000-8000-000000000001';

describe('an address', () => {
  // One like `events/check-availability` is never taken for `events/{eventId}`, which has other methods.
  for (const [path, declared] of grouped(routes, ({ path }) => path)) {
    test(`${path} answers 405 with Allow to what it does not take`, async () => {
      const taken = declared.map(({ method }): string => method);
      const allowed = taken.includes('GET') ? [...taken, 'HEAD'] : taken;
      for (const method of METHODS.filter((one) => !taken.includes(one))) {
        const url = `${host.origin}/api/${path.replace(/\{\w+\}/g, ID)}`;
        const answer = await fetch(url, { method });
        expect(answer.status, method).toBe(405);
        expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(allowed.toSorted());
        const { detail } = (await answer.json()) as { detail: string };
        expect(detail).toBe(`This address takes ${answer.headers.get('allow')}.`);
      }
    });
  }
});
