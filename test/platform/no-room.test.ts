import { expect, test } from 'vitest';
import { failureOf } from '../../shared/platform/store.azure.batch.ts';
import { WireFailure } from '../../shared/platform/store.azure.wire.ts';
import { silentLog, testPlatform } from '../support/platform.ts';
import { callersOf, thingHost } from '../support/things.ts';

test.each([
  [403, 'Partition key reached maximum size of 20 GB', '3600', 'error', 'There is no room left for this'],
  [429, 'Request rate is large', '2', 'warn', 'The store is too busy'],
])(
  'a store that answers a commit %i is 503 to the caller, and says in the log of what',
  async (status, said, retryAfter, level, detail) => {
    const whole = await testPlatform();
    const logged: string[] = [];
    const heard = (at: string) => (fields: object) => void logged.push(`${at} ${String(Object(fields).err)}`);
    const log = { ...silentLog, warn: heard('warn'), error: heard('error') };
    const commit = () => Promise.reject(failureOf(new WireFailure(status, said, 2)));
    const platform = { ...whole, log, store: { ...whole.store, commit } };
    const host = await thingHost(platform);
    try {
      const reply = await callersOf(host.origin).caller()('POST', 'things', { name: 'Stage' });
      expect(reply.status).toBe(503);
      expect(reply.headers.get('retry-after')).toBe(retryAfter);
      expect(reply.json).toMatchObject({
        type: 'urn:marquee:problem:unavailable',
        detail: expect.stringContaining(detail),
      });
      expect(logged).toEqual([expect.stringMatching(`^${level} .*${said}`)]);
    } finally {
      await host.close();
      await whole.close();
    }
  },
);
