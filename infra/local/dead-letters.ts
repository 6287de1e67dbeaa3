/**
 * `npm run dead-letters -- list|replay [--reaction NAME] [--id FACT]`: works while the host runs and while it does not, and
 * with SERVICE_BUS_NAMESPACE (or SERVICE_BUS_CONNECTION) on those of that namespace.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, hasBus, readConfig } from '../../shared/platform/config.ts';
import type { DeadLetter } from '../../shared/platform/dead-letters.azure.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { type BusFile, openBusFile } from './bus-file.ts';

const USAGE = 'Usage: npm run dead-letters -- list|replay [--reaction NAME] [--id FACT]\n';

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  },
);

async function main(given: readonly string[]): Promise<number> {
  let asked: ReturnType<typeof questionOf>;
  try {
    asked = questionOf(given);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${USAGE}`);
    return 2;
  }
  const config = readConfig(process.env);
  const { DATA_DIR } = config;
  if (hasBus(config)) {
    process.stdout.write(await onAzure(config, asked));
    return 0;
  }
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
  return lettersIn(file.deadLetters(question).map((letter) => ({ ...letter, at: letter.deadAt })));
}

function lettersIn(letters: readonly DeadLetter[]): string {
  const lines = letters.flatMap(({ reaction, factId, type, subject, tries, at, error }) => [
    `${at}  ${reaction}  ${factId}  ${type} of ${subject}, ${tries} tries`,
    `    ${error.split('\n')[0]}`,
  ]);
  return [...lines, counted(letters.length, ''), ''].join('\n');
}

function replayed(file: BusFile, question: Question): string {
  return again(file.replay(question));
}

function again(count: number): string {
  return `${counted(count, ' will be delivered again')}\n`;
}

/** The same of the subscriptions' dead-letter queues; of all declared reactions, or of one that may be gone. */
async function onAzure(config: Config, { command, reaction, id }: Question): Promise<string> {
  const [{ openDeadLetters }, { reactions }] = await Promise.all([
    import('../../shared/platform/dead-letters.azure.ts'),
    import('../../functions/registry.ts'),
  ]);
  const names = reaction === undefined ? reactions.map(({ name }) => name) : [reaction];
  const {
    SERVICE_BUS_NAMESPACE: namespace,
    SERVICE_BUS_CONNECTION: connectionString,
    SERVICE_BUS_TOPIC: topic,
  } = config;
  const letters = await openDeadLetters({ namespace, connectionString, topic });
  try {
    const listed: DeadLetter[] = [];
    let count = 0;
    for (const name of names) {
      if (command === 'list') listed.push(...(await letters.list(name, id)));
      else count += await letters.replay(name, id);
    }
    return command === 'list' ? lettersIn(listed) : again(count);
  } finally {
    await letters.close();
  }
}

function counted(count: number, rest: string): string {
  return `${count} dead ${count === 1 ? 'letter' : 'letters'}${rest}`;
}
