/** How the embedded store's tables follow the container declarations, and what lies in their columns. */
import fc from 'fast-check';
import Database from 'libsql';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Container } from '../../shared/platform/containers.ts';
import { bringUp, partitionOf, partitionText, termsOf } from '../../shared/platform/store.sqlite.schema.ts';

const before: Container = {
  partitionKey: ['/orgId', '/resource'],
  ttl: false,
  fields: { name: 'text' },
  sets: [],
  search: false,
  beginnings: false,
  indexes: [['name']],
  prefixIndexes: [],
  acrossIndexes: [],
  facts: true,
};

let db: Database.Database;
beforeEach(() => {
  db = new Database(':memory:');
});

function rows(sql: string): unknown[] {
  return db.prepare(sql).raw(true).all([]);
}

function indexes(): unknown[] {
  return rows(
    "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'd_things' AND sql IS NOT NULL ORDER BY name",
  ).flat();
}

function insert(id: string, document: object): void {
  const body = JSON.stringify({ id, kind: 'thing', body: null, ...document });
  db.prepare("INSERT INTO d_things (pk, g, g1, id, kind, seq, body) VALUES ('o|r|', 1, 2, ?, 'thing', ?, ?)").run([
    id,
    Number(id),
    body,
  ]);
}

describe('bringing the schema up', () => {
  test('the indexes are those of the declaration, for whole keys and for their prefixes; of the order of writes where facts are', () => {
    bringUp(db, { things: before });
    expect(indexes()).toEqual([
      'i_d_things_g',
      'i_d_things_g1',
      'i_d_things_g_name',
      'i_d_things_id',
      'i_d_things_seq',
    ]);
  });

  test('what is declared later is filled from the documents that are there; what is no longer declared goes', () => {
    bringUp(db, { things: before });
    insert('1', { ix: { name: 'a', size: 2.5, open: true }, sets: { tags: ['x', 'y'] }, words: ['anna'] });
    insert('2', { ix: { name: 'b', open: false } });
    bringUp(db, {
      things: {
        ...before,
        ttl: true,
        fields: { ...before.fields, size: 'number', open: 'boolean' },
        sets: ['tags'],
        search: true,
        beginnings: true,
        indexes: [['open', 'size']],
        prefixIndexes: [['open', 'size']],
        acrossIndexes: [['size']],
      },
    });
    expect(rows('SELECT id, f_size, f_open FROM d_things ORDER BY id')).toEqual([
      ['1', 2.5, 1],
      ['2', null, 0],
    ]);
    expect(rows('SELECT field, term, id FROM t_things ORDER BY 1, 2')).toEqual([
      ['', 'anna', '1'],
      ['^', 'ann', '1'],
      ['tags', 'x', '1'],
      ['tags', 'y', '1'],
    ]);
    expect(indexes()).toContain('i_d_things_g1_open_size');
    expect(indexes()).toContain('i_d_things_all_size');
    expect(indexes()).not.toContain('i_d_things_g_name');
  });

  test('a file whose tables had no groups keeps its documents, its numbers and its order', () => {
    const declared = { ...before, search: true, beginnings: true, sets: ['tags'] };
    const document = (id: string, kind: string, name: string) =>
      JSON.stringify({ id, kind, body: null, ix: { name }, sets: { tags: ['x'] }, words: [name] });
    db.exec(`CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
      INSERT INTO meta VALUES ('seq', 7), ('schema', 'of before');
      CREATE TABLE d_things (n INTEGER PRIMARY KEY, pk TEXT NOT NULL, pk1 TEXT NOT NULL, id TEXT NOT NULL,
        kind TEXT NOT NULL, seq INTEGER NOT NULL, expires_at INTEGER, words TEXT, body TEXT NOT NULL, "f_name" TEXT);
      CREATE UNIQUE INDEX i_d_things_id ON d_things (pk, id);
      CREATE INDEX i_d_things_pk_name ON d_things (pk, kind, f_name, id);
      CREATE TABLE t_things (pk TEXT, pk1 TEXT, kind TEXT, field TEXT, term TEXT, id TEXT, n INTEGER,
        PRIMARY KEY (pk, kind, field, term, id)) WITHOUT ROWID;
      CREATE INDEX i_t_things_pk1 ON t_things (pk1, kind, field, term, id, pk, n);
      INSERT INTO t_things VALUES ('o|r|', 'o|', 'thing', '^', 'a', '1', 3)`);
    const old = db.prepare("INSERT INTO d_things VALUES (?, ?, 'o|', ?, ?, ?, 99, ?, ?, ?)");
    old.run([3, 'o|r|', '1', 'thing', 5, '\nanna\n', document('1', 'thing', 'anna'), 'anna']);
    old.run([4, 'o|s|', '1', 'thing', 7, '\nbob\n', document('1', 'thing', 'bob'), 'bob']);
    old.run([9, 'o|r|', '2', 'note', 6, '\nbob\n', document('2', 'note', 'bob'), 'bob']);
    bringUp(db, { things: declared });
    const kept = rows(`SELECT n, d.pk, a.scope, a.kind, b.scope, b.kind, id, seq, expires_at, words, f_name, body
      FROM d_things d JOIN groups a ON a.g = d.g JOIN groups b ON b.g = d.g1 ORDER BY n`);
    expect(kept).toEqual(
      [
        [3, 'o|r|', '1', 'thing', 5, 'anna'] as const,
        [4, 'o|s|', '1', 'thing', 7, 'bob'] as const,
        [9, 'o|r|', '2', 'note', 6, 'bob'] as const,
      ].map(([n, pk, id, kind, seq, name]) => [
        ...[n, pk, pk, kind, 'o|', kind, id, seq, 99, `\n${name}\n`, name],
        document(id, kind, name),
      ]),
    );
    expect(rows('SELECT n, field, term, pk FROM t_things ORDER BY n, field')).toEqual([
      [3, '', 'anna', 'o|r|'],
      [3, '^', 'ann', 'o|r|'],
      [3, 'tags', 'x', 'o|r|'],
      [4, '', 'bob', 'o|s|'],
      [4, '^', 'bob', 'o|s|'],
      [4, 'tags', 'x', 'o|s|'],
      [9, '', 'bob', 'o|r|'],
      [9, '^', 'bob', 'o|r|'],
      [9, 'tags', 'x', 'o|r|'],
    ]);
    expect(indexes()).toEqual([
      'i_d_things_g',
      'i_d_things_g1',
      'i_d_things_g_name',
      'i_d_things_id',
      'i_d_things_seq',
    ]);
    expect(rows("SELECT value FROM meta WHERE name = 'seq'")).toEqual([[7]]);
    expect(rows("SELECT name FROM sqlite_master WHERE name LIKE 'before%' OR sql LIKE '%before%'")).toEqual([]);
    expect(rows('PRAGMA integrity_check')).toEqual([['ok']]);
  });

  test('beginnings come and go with the declaration', () => {
    const searched = { ...before, search: true };
    bringUp(db, { things: before });
    db.exec("INSERT INTO groups VALUES (1, 'o|r|', 'thing'), (2, 'o|', 'thing')");
    insert('1', { words: ['anna'] });
    for (const [beginnings, terms] of [
      [false, ['anna']],
      [true, ['anna', 'ann']],
      [false, ['anna']],
    ] as const) {
      bringUp(db, { things: { ...searched, beginnings } });
      expect(rows('SELECT term FROM t_things ORDER BY field')).toEqual(terms.map((term) => [term]));
    }
  });

  test('a new index of a large file does not make its terms anew', () => {
    const searched = { ...before, search: true };
    bringUp(db, { things: searched });
    db.exec("INSERT INTO t_things VALUES (1, 2, 'o|r|', '', 'kept', '1', 1)");
    bringUp(db, { things: { ...searched, indexes: [['name'], []] } });
    expect(rows('SELECT term FROM t_things')).toEqual([['kept']]);
    bringUp(db, { things: before });
    expect(rows("SELECT count(*) FROM sqlite_master WHERE name = 't_things'")).toEqual([[0]]);
  });

  test('the same declarations change nothing, and ask for no lock', () => {
    bringUp(db, { things: before });
    const version = rows('PRAGMA schema_version');
    db.exec('BEGIN');
    bringUp(db, { things: before });
    db.exec('COMMIT');
    expect(rows('PRAGMA schema_version')).toEqual(version);
  });

  test('when it fails half-way nothing has changed', () => {
    bringUp(db, { things: before });
    const bad = { ...before, fields: { ...before.fields, 'na"me': 'text' as const } };
    expect(() => bringUp(db, { others: before, things: bad })).toThrow();
    expect(rows("SELECT count(*) FROM sqlite_master WHERE name = 'd_others'")).toEqual([[0]]);
    bringUp(db, { things: before });
  });
});

describe('columns', () => {
  test('a partition is one text from which its values come back, and prefixes of it are prefixes of the text', () => {
    const value = fc.string({ unit: 'grapheme-ascii' }).map((text) => text.replaceAll('a', '|').replaceAll('b', '\0'));
    fc.assert(
      fc.property(fc.array(value), value, (partition, more) => {
        expect(partitionOf(partitionText(partition))).toEqual(partition);
        expect(partitionText([...partition, more]).startsWith(partitionText(partition))).toBe(true);
        expect(partitionText(partition)).not.toContain('\0');
      }),
    );
  });

  test('different partitions are different texts', () => {
    expect(partitionText(['a|', 'b'])).not.toBe(partitionText(['a', '|b']));
    expect(partitionText(['a%7C'])).not.toBe(partitionText(['a|']));
    expect(partitionText([''])).not.toBe(partitionText([]));
  });

  test('a word is found whole and by its first three characters, which may be more than one unit', () => {
    expect([...termsOf({ words: ['ab', '𝒳𝒴𝒵𝒲'] }, true).values()]).toEqual([
      ['', 'ab'],
      ['^', 'ab'],
      ['', '𝒳𝒴𝒵𝒲'],
      ['^', '𝒳𝒴𝒵'],
    ]);
  });
});
