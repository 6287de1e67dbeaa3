/** What was sent ahead and did not land leaves nothing behind for what is sent after it (docs/adr/0003). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { containers } from '../../shared/platform/containers.ts';
import { knownDocuments } from '../../shared/platform/store.sqlite.known.ts';
import { latestOf } from '../../shared/platform/store.sqlite.latest.ts';
import { recentChanges } from '../../shared/platform/store.sqlite.recent.ts';
import type { Db } from '../../shared/platform/store.sqlite.schema.ts';
import { bringUp, LAST_SEQ, LAST_WRITER } from '../../shared/platform/store.sqlite.schema.ts';
import { statementsOf } from '../../shared/platform/store.sqlite.statements.ts';
import { transactionsOf } from '../../shared/platform/store.sqlite.transaction.ts';
import { batchOf } from '../../shared/platform/store.sqlite.write.ts';
import { StoreUnavailable } from '../../shared/platform/store.ts';

let folder: string;
let file: string;
let opened: Db[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-undone-'));
  file = join(folder, 's.db');
  opened = [];
  const db = connection();
  db.exec('PRAGMA journal_mode = WAL');
  bringUp(db, containers);
});
afterEach(async () => {
  for (const db of opened) db.close();
  await rm(folder, { recursive: true, force: true });
});

function connection(): Db {
  const db = new Database(file);
  opened.push(db);
  return db;
}

/** The texts of what the connection prepares and asks. */
function watched(db: Db): string[] {
  const texts: string[] = [];
  const prepare = db.prepare.bind(db);
  vi.spyOn(db, 'prepare').mockImplementation((text) => {
    texts.push(text);
    const statement = prepare(text);
    const { get, all } = statement;
    const noted =
      <T>(ask: (...values: unknown[]) => T) =>
      (...values: unknown[]) => {
        texts.push(text);
        return ask.apply(statement, values);
      };
    return Object.assign(statement, { get: noted(get), all: noted(all) });
  });
  return texts;
}

/**
 * The transactions of a process, which takes itself to be alone until `quietUntil`; the next look for a group fails while
 * `fails` holds a reason.
 */
function processOf(self: string, quietUntil = 0) {
  const statements = statementsOf(connection());
  const fails: Error[] = [];
  const known = knownDocuments(statements);
  const latest = latestOf({
    seqOf: () => statements.row<[number]>(LAST_SEQ, [])?.[0] ?? 0,
    isMine: () => statements.row<[string]>(LAST_WRITER, [])?.[0] === self,
    written: known.keep,
    recent: recentChanges(),
    replaced: known.drop,
    quietUntil: () => quietUntil,
    ticks: () => performance.now(),
  });
  const reading: typeof statements = {
    ...statements,
    row: (sql, values) => {
      const reason = values.includes('ill|') ? fails.pop() : undefined;
      if (reason) throw reason;
      return statements.row(sql, values);
    },
  };
  const db = connection();
  const asked = watched(db);
  const transactions = transactionsOf({ db, reading, self, memory: { latest, known }, patience: 1000 });
  return { transactions, fails, latest, asked };
}

function creating(organization: string, id: string) {
  return batchOf('customers', [organization], [{ op: 'create', document: customer(id, id) }]);
}

const customer = (id: string, body: string) => ({ id, kind: 'customer', body });

const ids = () =>
  (connection().prepare('SELECT id FROM d_customers ORDER BY id').raw(true).all([]) as [string][]).map(([id]) => id);

test('a stranger who wrote as many changes as the one that was lost is not taken for it', async () => {
  const [mine, others] = [processOf('aa').transactions, processOf('bb').transactions];
  await mine.underLock([creating('o', 'before')], 0);
  const other = connection();
  other.exec('BEGIN IMMEDIATE');
  const first = mine.ahead([creating('o', 'a')], 0);
  await expect(first?.landed).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
  other.exec('ROLLBACK');
  await others.underLock([creating('o', 'b')], 0);
  // Its script was to follow the first one's, and the file's last number is what that one would have left.
  const second = mine.ahead([creating('o', 'c')], 0);
  await expect(second?.landed).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' });
  expect(ids()).toEqual(['b', 'before']);
});

test('one that landed behind one that was lost is asked for, not taken to be as it was before', async () => {
  const { transactions, latest } = processOf('aa', Number.POSITIVE_INFINITY);
  const before = creating('o', 'a');
  await transactions.underLock([before], 0);
  const [key = ''] = before.keys;
  expect(latest.find(key)).toMatchObject({ seq: 1 });
  const other = connection();
  other.exec('BEGIN IMMEDIATE');
  // It writes nothing, so that nothing keeps the next from landing.
  const refused = transactions.ahead([before], 0);
  await expect(refused?.landed).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
  other.exec('ROLLBACK');
  const changed = batchOf('customers', ['o'], [{ op: 'upsert', document: customer('a', 'changed') }]);
  await transactions.ahead([changed], 0)?.landed;
  await transactions.lost();
  expect(latest.find(key)).toBeUndefined();
});

test('what can be decided goes ahead of the first that cannot, which is looked up', async () => {
  const { transactions } = processOf('aa');
  await transactions.underLock([creating('o', 'before')], 0);
  const document = { id: 'unknown', kind: 'customer', body: 'changed' };
  const unknown = batchOf('customers', ['o'], [{ op: 'replace', document, ifMatch: '1' }]);
  const batches = [creating('o', 'a'), creating('o', 'b'), unknown, creating('o', 'c')];
  const sent = transactions.ahead(batches, 0);
  expect(sent?.result.map(([batch]) => batch)).toEqual(batches.slice(0, 2));
  expect(transactions.ahead(batches.slice(2), 0)).toBeUndefined();
  await sent?.landed;
  expect(ids()).toEqual(['a', 'b', 'before']);
  const [refused] = await transactions.underLock(batches.slice(2), 0);
  expect(refused?.[1]).toMatchObject({ reason: 'missing' });
  expect(ids()).toEqual(['a', 'b', 'before', 'c']);
});

test('one that could not be made takes what it had begun with it, not the next', async () => {
  const { transactions, fails } = processOf('aa');
  await transactions.underLock([creating('o', 'before')], 0);
  fails.push(new StoreUnavailable('Not now'));
  const failed = transactions.ahead([creating('o', 'a'), creating('ill', 'b')], 0);
  await expect(failed?.landed).rejects.toThrow('Not now');
  await transactions.ahead([creating('o', 'c')], 0)?.landed;
  expect(ids()).toEqual(['before']);
  await transactions.lost();
  await transactions.underLock([creating('o', 'a'), creating('ill', 'b'), creating('o', 'c')], 0);
  expect(ids()).toEqual(['a', 'b', 'before', 'c']);
});

test('what is sent ahead asks nothing of the connection that the one before is written with', async () => {
  const { transactions, asked } = processOf('aa');
  await transactions.underLock([creating('o', 'before')], 0);
  expect(asked).not.toEqual([]);
  asked.length = 0;
  const first = transactions.ahead([creating('o', 'a')], 0);
  const venue = { id: 'v', kind: 'venue', body: 1 };
  const second = transactions.ahead([batchOf('venues', ['o'], [{ op: 'create', document: venue }])], 0);
  expect(asked).toEqual([]);
  await Promise.all([first?.landed, second?.landed]);
});
