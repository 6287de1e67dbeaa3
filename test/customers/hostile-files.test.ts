/** Files made to keep the import busy are refused, and other requests get their turn meanwhile. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readSheet } from '../../shared/customers/sheet.ts';
import { Refusal } from '../../shared/platform/refusal.ts';

const HEADER = 'name,primaryEmail,primaryPhone\n';
const bytesOf = (text: string) => new TextEncoder().encode(text);

async function refusalOf(text: string): Promise<unknown> {
  try {
    return `${(await readSheet(bytesOf(text))).length} rows`;
  } catch (error) {
    return error instanceof Refusal ? (error.extra.errors as { code: string }[])[0]?.code : error;
  }
}

describe('a file of an import', () => {
  test.each([
    ['millions of rows without a value', HEADER + ',\n'.repeat(2_000_000), 'too_many_rows'],
    ['millions of blank lines', HEADER + '\n'.repeat(4_000_000), 'too_many_rows'],
    ['blank lines before the header', '\n'.repeat(4_000_000) + HEADER, 'too_many_rows'],
    ['millions of rows of one cell', HEADER + 'a\n'.repeat(2_000_000), 'too_many_rows'],
    ['one row of millions of cells', HEADER + ','.repeat(8_000_000), 'bad_csv'],
    ['a header of millions of cells', ','.repeat(8_000_000), 'bad_csv'],
    ['a quote that never ends', `${HEADER}"${'a\n'.repeat(2_000_000)}`, 'bad_csv'],
    ['10,001 rows', HEADER + 'A,b,c\n'.repeat(10_001), 'too_many_rows'],
    ['10,000 rows, and some blank ones between them', HEADER + 'A,b,c\n\n'.repeat(10_000), '10000 rows'],
  ])('with %s', async (_, text, answer) => {
    expect(await refusalOf(text)).toBe(answer);
  });

  test('is read in pieces, between which others get their turn', async () => {
    let turns = 0;
    let reading = true;
    const others = (async () => {
      for (; reading; turns += 1) await turn();
    })();
    expect(await refusalOf(HEADER + `${'a,'.repeat(400)}\n`.repeat(1_000))).toBe('1000 rows');
    reading = false;
    await others;
    expect(turns).toBeGreaterThan(40);
  });

  test('says where a row begins, whatever breaks lines before it', async () => {
    const rows = await readSheet(bytesOf(`\ufeff${HEADER}\r\n"A\r\nB",c,d\r\n,,\r\nE,f,g\r\n`));
    expect(rows.map(({ line, cells }) => [line, cells.get('name')])).toEqual([
      [3, 'A\nB'],
      [6, 'E'],
    ]);
  });
});
