/** Import of customers from CSV: good rows land, bad ones are reported, and nothing lands twice. */
import * as z from 'zod';
import { aggregate } from '../platform/aggregate.ts';
import { afterLostRace } from '../platform/backoff.ts';
import { pagesOf } from '../platform/pages.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition, Document, Write } from '../platform/store.ts';
import { CommitRefused, MAX_WRITES } from '../platform/store.ts';
import { homeCountry } from './checks.ts';
import { checkRows, emailKey, externalKey, type ImportRow, RowError } from './import-rows.ts';
import { CUSTOMER_COUNTER, customers } from './model.ts';
import { register } from './rules.ts';
import { readSheet } from './sheet.ts';
import { countTags, inTagOrder } from './tags.ts';

export const ImportReport = z
  .object({
    created: z.int().min(0).meta({ description: 'Rows that became customers (with `dryRun`: that would)' }),
    skipped: z.int().min(0).meta({ description: 'Rows that are there already, by `externalId` or else by email' }),
    failed: z.int().min(0).meta({ description: 'Rows with errors' }),
    errors: z.array(RowError),
    dryRun: z.boolean(),
  })
  .meta({ id: 'CustomerImportReport' });
export type ImportReport = z.output<typeof ImportReport>;

interface ImportState {
  readonly created: number;
  readonly skipped: number;
  readonly failed: number;
}
type ImportFact = {
  readonly type: 'ContactListImported';
  readonly data: { readonly [K in keyof ImportState]: number };
};

/** That an import took place. */
const imports = aggregate<ImportState, ImportFact>({
  kind: 'customerImport',
  container: 'customers',
  noun: 'import',
  deletedBy: [],
  evolve: (_, fact) => fact.data,
  index: () => ({}),
});

const COUNTER_ID = `counter:${CUSTOMER_COUNTER}`;
/** Customer, fact, and the document that makes its key unique. */
const WRITES_PER_ROW = 3;
const ATTEMPTS = 12;

/**
 * Imports a file of at most 10,000 rows. Throws `invalid` before anything is written when the file as a whole is
 * bad. Rows land in batches of about 30, each with its numbers and counters, so that a crash loses or doubles none:
 * the same file sent again completes the import.
 */
export async function importCustomers(scope: Scope, bytes: Uint8Array, dryRun: boolean): Promise<ImportReport> {
  const importId = scope.newId();
  const sheet = await readSheet(bytes);
  const { rows, errors, failed, repeated } = await checkRows(
    sheet,
    () => homeCountry(scope),
    () => scope.newId(),
  );
  let created = 0;
  for (const chunk of chunksOf(rows)) created += await (dryRun ? countNew(scope, chunk) : land(scope, chunk));
  const counts = { created, skipped: repeated + rows.length - created, failed };
  if (!dryRun) {
    await scope.of(imports).create(importId, () => [{ type: 'ContactListImported', data: counts }]);
  }
  return { ...counts, errors: [...errors], dryRun };
}

/** As many rows as fit a batch beside the counter of numbers and those of their tags. */
function* chunksOf(rows: readonly ImportRow[]): Generator<ImportRow[]> {
  let chunk: ImportRow[] = [];
  let tags = new Set<string>();
  for (const row of rows) {
    const all = new Set([...tags, ...row.registration.tags]);
    if (1 + all.size + (chunk.length + 1) * WRITES_PER_ROW > MAX_WRITES) {
      yield chunk;
      chunk = [];
      tags = new Set(row.registration.tags);
    } else tags = all;
    chunk.push(row);
  }
  if (chunk.length > 0) yield chunk;
}

/** The keys of those rows that are customers already. One query for each way to tell. */
async function knownKeys(scope: Scope, rows: readonly ImportRow[]): Promise<Set<string>> {
  const externalIds = rows.flatMap(({ registration: { externalId } }) => externalId ?? []);
  const emails = rows.flatMap(({ registration }) => registration.importedAs ?? []);
  const known = new Set<string>();
  for (const where of [
    { path: 'externalId', in: externalIds },
    { path: 'email', in: emails },
  ] satisfies Condition[]) {
    if (where.in.length === 0) continue;
    const query = { where: [where], orderBy: [{ path: where.path }], limit: 200 };
    for await (const { items } of pagesOf((from) => scope.of(customers).list({ ...query, ...from }))) {
      for (const { state } of items) {
        if (where.path === 'email') known.add(emailKey(state.primaryEmail));
        else if (state.externalId !== undefined) known.add(externalKey(state.externalId));
      }
    }
  }
  return known;
}

async function countNew(scope: Scope, rows: readonly ImportRow[]): Promise<number> {
  const known = await knownKeys(scope, rows);
  const fresh = rows.filter(({ key }) => !known.has(key));
  const held = await Promise.all(fresh.map((row) => isHeld(scope, row)));
  return held.filter((is) => !is).length;
}

/** Whether a customer that this row made before still holds its key, though it shows another email by now. */
async function isHeld(scope: Scope, { id, registration }: ImportRow): Promise<boolean> {
  const { writes } = scope.of(customers).stage(id, register(registration, 0));
  const keys = writes.flatMap((write) => (write.op === 'create' && write.document.kind === 'unique' ? [write] : []));
  const found = await Promise.all(keys.map(({ document }) => scope.documents('customers').read(document.id)));
  return found.some((stored) => stored !== undefined);
}

/** Lands a chunk in one batch; answers with how many customers that made. */
function land(scope: Scope, rows: readonly ImportRow[]): Promise<number> {
  const taken = new Set<string>();
  return inTagOrder(scope, async () => {
    for (let lost = 0; lost < ATTEMPTS; ) {
      const known = await knownKeys(scope, rows);
      const fresh = rows.filter(({ key }) => !known.has(key) && !taken.has(key));
      if (fresh.length === 0) return 0;
      const { writes, rowAt } = await batchOf(scope, fresh);
      try {
        await scope.documents('customers').commit(writes);
        return fresh.length;
      } catch (error) {
        if (!(error instanceof CommitRefused)) throw error;
        const row = rowAt(error.index);
        // A row is refused when its key or its id is in use: it has landed before. Anything else was a lost race.
        if (row) taken.add(row.key);
        else {
          lost += 1;
          await afterLostRace(lost);
        }
      }
    }
    throw new Refusal('unavailable', 'Too many customers are made at once; send the file again to complete it.', {
      retryAfter: 1,
    });
  });
}

/** The counter first, then the rows, then the tags; `rowAt` says whose write stands at an index. */
async function batchOf(scope: Scope, rows: readonly ImportRow[]) {
  const stored = await scope.documents('customers').read(COUNTER_ID);
  const last = Number(stored?.document.body ?? 0);
  const document: Document = { id: COUNTER_ID, kind: 'counter', body: last + rows.length };
  const writes: Write[] = [stored ? { op: 'replace', document, ifMatch: stored.etag } : { op: 'create', document }];
  const owners: (ImportRow | undefined)[] = [undefined];
  const steps = new Map<string, number>();
  rows.forEach((row, at) => {
    const staged = scope.of(customers).stage(row.id, register(row.registration, last + at + 1));
    writes.push(...staged.writes);
    owners.push(...staged.writes.map(() => row));
    for (const tag of row.registration.tags) steps.set(tag, (steps.get(tag) ?? 0) + 1);
  });
  writes.push(...(await countTags(scope, steps)));
  return { writes, rowAt: (index: number) => owners[index] };
}
