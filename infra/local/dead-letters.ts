/** `npm run dead-letters -- list|replay [--reaction NAME] [--id FACT]`: works while the host runs and while it does not. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../../shared/platform/config.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { type BusFile, openBusFile } from './bus-file.ts';

const USAGE = 'Usage: npm run dead-letters -- list|replay [--reaction NAME] [--id FACT]\n';

process.exitCode = main(process.argv.slice(2));

function main(given: readonly string[]): number {
  let asked: ReturnType<typeof questionOf>;
  try {
    asked = questionOf(given);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${USAGE}`);
    return 2;
  }
  const { DATA_DIR } = readConfig(process.env);
  if (!existsSync(join(DATA_DIR, 'bus.db'))) {
    process.stderr.write(`There is no bus in ${DATA_DIR}: nothing ran there yet, or DATA_DIR is another.\n`);
    return 1;
  }
  const file = openBusFile(DATA_DIR);
  try {
    process.stdout.write(asked.command === 'list' ? listed(file, asked) : replayed(file, asked));
    return 0;
  } finally {
    file.close();
  }
}

function questionOf(given: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...given],
    allowPositionals: true,
    options: { reaction: { type: 'string' }, id: { type: 'string' } },
  });
  const [command] = positionals;
  if (positionals.length !== 1 || (command !== 'list' && command !== 'replay')) throw new Error('Say list or replay.');
  return { command, reaction: values.reaction, id: values.id };
}

type Question = ReturnType<typeof questionOf>;

/** Ids, types and errors alone: what the facts say stays in the file, as it may be personal. */
function listed(file: BusFile, question: Question): string {
  const letters = file.deadLetters(question);
  const lines = letters.flatMap(({ reaction, factId, type, subject, tries, deadAt, error }) => [
    `${deadAt}  ${reaction}  ${factId}  ${type} of ${subject}, ${tries} tries`,
    `    ${error.split('\n')[0]}`,
  ]);
  return [...lines, counted(letters.length, ''), ''].join('\n');
}

function replayed(file: BusFile, question: Question): string {
  return `${counted(file.replay(question), ' will be delivered again')}\n`;
}

function counted(count: number, rest: string): string {
  return `${count} dead ${count === 1 ? 'letter' : 'letters'}${rest}`;
}
