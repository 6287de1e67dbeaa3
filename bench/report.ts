/** Tables of what was measured. */
import type { Measured } from './load.ts';
import type { Row } from './rows.ts';

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

/** The same for a page in Markdown. */
export function markdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}

/** Whether a load met its floor; empty where it has none. */
export function verdict({ floor }: Row, { perSecond, p95, failed }: Measured): string {
  if (failed > 0) return `${failed} FAILED`;
  if (floor?.perSecond !== undefined && perSecond < floor.perSecond) return `under ${floor.perSecond}/s`;
  if (floor?.p95 !== undefined && p95 > floor.p95) return `p95 over ${floor.p95} ms`;
  return floor ? 'yes' : '';
}
