/** Whatever shares a transaction, the columns and terms of the embedded store are those of its documents. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { partitionOf, termsOf } from '../../shared/platform/store.sqlite.schema.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Document, Write } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const write: fc.Arbitrary<Write> = fc
  .record({
    op: fc.constantFrom('create', 'upsert', 'upsert', 'delete'),
    id: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('claim', 'claim', 'claim', 'claim.deleted', 'head', 'abort', 'rollback'),
    end: some(fc.constantFrom('1', '2')),
    state: some(fc.constantFrom('x', 'y')),
    days: some(fc.subarray(['d1', 'd2', 'd3'])),
    ttl: some(fc.constantFrom(30, 60)),
  })
  .map(({ op, id, kind, end, state, days, ttl }): Write => {
    if (op === 'delete') return { op, id };
    const ix = { ...(end && { end }), ...(state && { state }) };
    const document = { id, kind, body: null, ix, ...(days && { sets: { days } }), ...(ttl && { ttl }) };
    return { op, document };
  });
const batch = fc.record({
  by: fc.nat(1),
  resource: fc.constantFrom('venue:1', 'venue:2'),
  writes: fc.uniqueArray(write, {
    selector: (one) => (one.op === 'delete' ? one.id : one.document.id),
    minLength: 1,
    maxLength: 3,
  }),
});
/** Batches begun at once, and then seconds that pass, or a sweep. */
const round = fc.record({
  batches: fc.array(batch, { minLength: 1, maxLength: 12 }),
  after: fc.constantFrom(0, 31, 'sweep'),
});

test('batches of two processes, some broken, of documents that change kind, expire, go and come back (property)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-rows-'));
  const file = join(folder, 's.db');
  const clock = testClock();
  const stores = [0, 1].map(() => openSqliteStore({ file, clock }));
  const db = new Database(file);
  const rows = <R>(sql: string) => db.prepare(sql).raw(true).all([]) as R[];
  // Their transaction is lost, by our rollback or the engine's own, and its other batches are tried by themselves.
  for (const how of ['abort', 'rollback']) {
    for (const when of ['insert', 'update']) {
      db.exec(`CREATE TRIGGER ${how}_${when} BEFORE ${when} ON d_claims WHEN NEW.kind = '${how}'
        BEGIN SELECT RAISE(${how}, 'broken'); END`);
    }
  }
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(round, { maxLength: 6 }), async (rounds) => {
      run += 1;
      for (const { batches, after } of rounds) {
        const work = batches.map(({ by, resource, writes }) =>
          stores[by]?.commit('claims', [`o${run}`, resource], writes),
        );
        await Promise.allSettled(work);
        if (after === 'sweep') await stores[0]?.sweep();
        else clock.advance(Number(after) * 1000);
        await check();
      }
    }),
    { numRuns: 50 },
  );
  expect(rows('PRAGMA integrity_check')).toEqual([['ok']]);
  for (const store of stores) await store.close();
  db.close();
  await rm(folder, { recursive: true, force: true });

  async function check(): Promise<void> {
    db.exec('BEGIN');
    const all = rows<[string, string, string, number, string, string, string | null, string | null, number]>(
      `SELECT d.pk, d.body, d.id, d.seq, a.scope || ' ' || a.kind, b.scope || ' ' || b.kind, f_end, f_state, d.n
       FROM d_claims d JOIN groups a ON a.g = d.g JOIN groups b ON b.g = d.g1 WHERE d.pk LIKE 'o${run}|%' ORDER BY n`,
    );
    const found = rows(`SELECT scope || ' ' || kind, field, term, t.id, n FROM t_claims t JOIN groups g ON g.g = t.g
      WHERE scope LIKE 'o${run}|%'`);
    db.exec('COMMIT');
    const terms: unknown[] = [];
    for (const [pk, body, id, seq, group, prefix, end, state, n] of all) {
      const document = JSON.parse(body) as Document;
      const { kind, ix } = document;
      expect(['abort', 'rollback']).not.toContain(kind);
      expect([id, group, prefix]).toEqual([document.id, `${pk} ${kind}`, `o${run}| ${kind}`]);
      expect([end, state]).toEqual([ix?.end ?? null, ix?.state ?? null]);
      for (const [field, term] of termsOf(document, false).values()) terms.push([`${pk} ${kind}`, field, term, id, n]);
      const read = await Promise.all(stores.map((store) => store.read('claims', partitionOf(pk), id)));
      // It may have expired, or be swept by now.
      for (const one of read) if (one) expect([one.document, one.etag]).toEqual([document, seq.toString(36)]);
    }
    const order = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    expect(found.sort(order)).toEqual(terms.sort(order));
  }
});
