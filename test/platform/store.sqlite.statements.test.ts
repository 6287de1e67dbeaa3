/** The statements of one connection of the embedded store, and what is left of a transaction in which one fails. */
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Statements, statementsOf } from '../../shared/platform/store.sqlite.statements.ts';

let db: Database.Database;
let statements: Statements;
beforeEach(() => {
  db = new Database(':memory:');
  db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)');
  statements = statementsOf(db);
});
afterEach(() => {
  db.close();
});

const count = () => statements.row<[number]>('SELECT count(*) FROM t', []);

test('what fails among reads that belong together is told as it is, and the next go on', () => {
  const fails = () => {
    throw new Error('broken');
  };
  expect(() => statements.together(fails)).toThrow('broken');
  expect(statements.together(count)).toEqual([1]);
});

test('so is what makes the engine roll back by itself', () => {
  const rollsBack = () => db.exec('INSERT OR ROLLBACK INTO t VALUES (1)');
  expect(() => statements.together(rollsBack)).toThrow('UNIQUE constraint failed');
  expect(statements.together(count)).toEqual([1]);
});
