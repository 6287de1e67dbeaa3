/** What a query costs does not depend on how many records there are: every declared index is read in its own order. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContainerName } from '../../shared/platform/containers.ts';
import { containerNames, declarationOf, indexesFor } from '../../shared/platform/containers.ts';
import { planOf } from '../../shared/platform/store.plan.ts';
import type { Sql } from '../../shared/platform/store.sqlite.query.ts';
import { countSql, pageSql } from '../../shared/platform/store.sqlite.query.ts';
import { hopSql, reachOf, sizeSql, streamSql } from '../../shared/platform/store.sqlite.reach.ts';
import { STARTS, tableOf, WORDS } from '../../shared/platform/store.sqlite.schema.ts';
import { leadOf, tierSql } from '../../shared/platform/store.sqlite.search.ts';
import { setPageSql } from '../../shared/platform/store.sqlite.sets.ts';
import { statementsOf } from '../../shared/platform/store.sqlite.statements.ts';
import { dropTermSql } from '../../shared/platform/store.sqlite.terms.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Condition, IndexValue, Partition, Query } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

const folder = mkdtempSync(join(tmpdir(), 'marquee-plans-'));
const file = join(folder, 's.db');
let db: Database.Database;

beforeAll(async () => {
  await openSqliteStore({ file, clock: testClock() }).close();
  db = new Database(file);
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

function explained({ text, values }: Sql): string {
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${text}`).raw(true).all(values) as [number, number, number, string][];
  return rows.map(([, , , detail]) => detail).join('\n');
}

const NOW = 1_800_000_000;

function reachFor(container: ContainerName, partition: Partition) {
  return reachOf(container, partition, 'k', declarationOf(container).ttl ? NOW : undefined, () => 1);
}

function sample(container: ContainerName, path: string): IndexValue {
  const fields: Readonly<Record<string, string>> = declarationOf(container).fields;
  return { text: 'x', number: 1, boolean: true }[fields[path] ?? 'text'] ?? 'x';
}

function pageOf(
  container: ContainerName,
  partition: Partition,
  query: Omit<Query, 'kind' | 'limit'>,
  place?: IndexValue[],
): Sql {
  return pageSql(
    reachFor(container, partition),
    planOf(container, partition, { kind: 'k', limit: 20, ...query }),
    place,
    21,
  );
}

/** Every declared index of every container, in every scope that has it, read forwards and backwards. */
const declared = containerNames.flatMap((container) => {
  const { partitionKey } = declarationOf(container);
  const whole = partitionKey.map((_, at) => `p${at}`);
  const partitions = partitionKey.map((_, at) => whole.slice(0, at + 1));
  const declaredFor = (partition: readonly string[]) => indexesFor(declarationOf(container), partition.length);
  const inside = partitions.flatMap((partition) =>
    [[], ...declaredFor(partition)].map((index) => ({ container, partition, index })),
  );
  const across = declaredFor([]).map((index) => ({ container, partition: [] as string[], index }));
  return [...inside, ...across].flatMap((one) => [false, true].map((descending) => ({ ...one, descending })));
});

describe('a list that a declared index serves', () => {
  test.each(declared)(
    '$container $partition by $index, descending $descending',
    ({ container, partition, index, descending }) => {
      const { partitionKey } = declarationOf(container);
      const open = partitionKey.slice(partition.length).map(() => 'z');
      for (let bound = 0; bound <= index.length; bound += 1) {
        const where = index.slice(0, bound).map((path) => ({ path, eq: sample(container, path) }));
        const order = index.slice(bound);
        const orderBy = (order.length > 0 ? order : ['id']).map((path) => ({ path, descending }));
        for (const place of [undefined, [...order.map((path) => sample(container, path)), 'id', ...open]]) {
          const plan = explained(pageOf(container, partition, { where, orderBy }, place));
          expect(plan).toMatch(/^SEARCH d USING INDEX i_d_/);
          expect(plan).not.toContain('TEMP B-TREE');
          expect(plan.split('\n')).toHaveLength(1);
          // After a cursor the index is entered at the place where the last page ended.
          if (place) expect(plan).toMatch(descending ? /<\(?\?/ : />\(?\?/);
        }
      }
    },
  );

  test('any-of before the order is one merged branch a value', () => {
    const where: Condition[] = [
      { path: 'listed', eq: true },
      { path: 'status', in: ['confirmed', 'postponed', 'draft'] },
    ];
    const plan = explained(pageOf('events', ['o'], { where, orderBy: [{ path: 'startsAt' }] }, ['2026', 'id']));
    expect(plan.match(/SEARCH d USING INDEX i_d_events_g_status_startsAt/g)).toHaveLength(3);
    expect(plan).not.toContain('TEMP B-TREE');
  });

  test('a second field that no index has is sorted among the ties of the first', () => {
    const orderBy = [{ path: 'startsAt', descending: true }, { path: 'title' }];
    const plan = explained(pageOf('events', ['o'], { where: [{ path: 'listed', eq: true }], orderBy }));
    expect(plan).toContain('i_d_events_g_listed_startsAt');
    expect(plan).toContain('TEMP B-TREE FOR RIGHT PART OF ORDER BY');
  });

  test('a range on the field of the order is a range of the index', () => {
    const where: Condition[] = [
      { path: 'venueId', eq: 'v' },
      { path: 'startsAt', gte: '2026', lt: '2027' },
    ];
    const plan = explained(pageOf('events', ['o'], { where, orderBy: [{ path: 'startsAt' }] }));
    expect(plan).toContain('f_venueId=? AND f_startsAt>? AND f_startsAt<?');
  });

  test('twin without an index: the same check sees a sort', () => {
    const plan = explained({
      text: 'SELECT d.body FROM d_events d WHERE d.g = ? ORDER BY d.f_eventId DESC, d.f_title, d.id LIMIT 20',
      values: [1],
    });
    expect(plan).toContain('TEMP B-TREE');
  });
});

describe('counts, sets and searches', () => {
  test('a count reads the index alone', () => {
    const query: Query = { kind: 'k', limit: 1, where: [{ path: 'status', eq: 'x' }], orderBy: [{ path: 'name' }] };
    const plan = explained(countSql(reachFor('customers', ['o']), planOf('customers', ['o'], query)));
    expect(plan).toContain('SEARCH d USING COVERING INDEX i_d_customers_g_status_name');
    expect(plan).toContain('i_d_customers_ttl (expires_at<?)');
  });

  test.each([
    ['claims', ['o', 'r']],
    ['claims', ['o']],
    ['customers', ['o']],
  ] as const)('terms of %s %s are merged in the order of ids', (container, partition) => {
    const reach = reachFor(container, partition);
    const field = declarationOf(container).sets[0] ?? '';
    for (const terms of [['a'], ['a', 'b'], Array.from({ length: 31 }, (_, at) => `t${at}`)]) {
      for (const place of [undefined, { id: 'x', pk: 'o|r|' }]) {
        const stream = explained(streamSql(reach, { field, terms }, true, place));
        expect(stream).not.toContain('TEMP B-TREE');
        expect(stream).not.toContain('SCAN');
      }
      const plan = planOf(container, partition, { kind: 'k', limit: 9, where: [{ set: field, any: terms }] });
      const page = explained(setPageSql(reach, plan, { field, terms }, undefined, 10));
      expect(page).toContain('SEARCH d USING INTEGER PRIMARY KEY');
      expect(page).not.toContain('TEMP B-TREE');
    }
  });

  test('sizes are looked up in the index of terms', () => {
    const reach = reachFor('customers', ['o']);
    for (const terms of [['a', 'b'], { from: 'a', to: 'b' }]) {
      expect(explained(sizeSql(reach, { field: WORDS, terms }, 500))).toContain('SEARCH t USING PRIMARY KEY');
    }
    const hop = explained(hopSql(reach, WORDS, 'a', 'b', 9));
    expect(hop.match(/SEARCH t USING PRIMARY KEY \(g=\? AND field=\? AND term>\? AND term<\?\)/g)).toHaveLength(2);
  });

  test('a term is dropped by its whole key', () => {
    const plan = explained({ text: dropTermSql(tableOf('events')), values: ['[1, "field", "term", "id"]'] });
    const key = ['SCALAR SUBQUERY 2', 'MATERIALIZE k', 'SCAN CONSTANT ROW', 'SCAN k'];
    expect(plan).toBe(['SEARCH t_events USING PRIMARY KEY (g=? AND field=? AND term=? AND id=?)', ...key].join('\n'));
  });

  test('a search reads its rarest word newest first, and stops when the page is full', () => {
    const reach = reachFor('customers', ['o']);
    const plan = planOf('customers', ['o'], { kind: 'k', limit: 9, search: ['ann', 'smithers'] });
    const lead = leadOf(statementsOf(db), reach, plan.search, 1);
    for (const stream of [lead, { field: STARTS, terms: ['ann'] }]) {
      const page = explained(tierSql(reach, plan, stream, plan.search, 1, { id: 'x', pk: '' }, 10));
      expect(page).toContain('id<?');
      expect(page).toContain('SEARCH d USING INTEGER PRIMARY KEY');
      expect(page).not.toContain('TEMP B-TREE');
    }
  });
});
