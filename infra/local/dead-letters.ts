/**
 * `npm run dead-letters -- list|replay [--reaction NAME] [--id FACT]`: works while the host runs and while it does not, and
 * with SERVICE_BUS_NAMESPACE (or SERVICE_BUS_CONNECTION) on those of that namespace.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { DeadLetter } from '../../shared/platform/bus.ts';
import { type Config, hasBus, readConfig } from '../../shared/platform/config.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { openBusFile } from './bus-file.ts';
import { command } from './command.ts';

const USAGE = 'Usage: npm run dead-letters -- list|replay [--reaction NAME] [--id FACT]\n';

await command(async () => {
  const asked = questionOf(process.argv.slice(2));
  if (typeof asked === 'string') return failed(2, `${asked}\n${USAGE}`);
  const config = readConfig(process.env);
  const { DATA_DIR } = config;
  if (hasBus(config)) return answer(await onAzure(config, asked));
  if (existsSync(join(DATA_DIR, 'bus.db'))) return answer(onThisMachine(DATA_DIR, asked));
  failed(1, `There is no bus in ${DATA_DIR}: nothing ran there yet, or DATA_DIR is another.\n`);
});

function answer(text: string): void {
  process.stdout.write(text);
}

function failed(code: number, text: string): void {
  process.stderr.write(text);
  process.exitCode = code;
}

interface Question {
  readonly what: 'list' | 'replay';
  readonly reaction: string | undefined;
  readonly id: string | undefined;
}

/** What is asked for, or why that cannot be told. */
function questionOf(args: string[]): Question | string {
  try {
    const options = { reaction: { type: 'string' }, id: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
    const [what] = positionals;
    if (positionals.length !== 1 || (what !== 'list' && what !== 'replay')) return 'Say list or replay.';
    return { what, reaction: values.reaction, id: values.id };
  } catch (error) {
    return messageOf(error);
  }
}

function onThisMachine(folder: string, question: Question): string {
  const file = openBusFile(folder);
  try {
    return question.what === 'list' ? listed(file.deadLetters(question)) : replayed(file.replay(question));
  } finally {
    file.close();
  }
}

/** The same of the subscriptions' dead-letter queues; of all declared reactions, or of one that may be gone. */
async function onAzure(config: Config, { what, reaction, id }: Question): Promise<string> {
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
    const found: DeadLetter[] = [];
    let count = 0;
    for (const name of names) {
      if (what === 'list') found.push(...(await letters.list(name, id)));
      else count += await letters.replay(name, id);
    }
    return what === 'list' ? listed(found) : replayed(count);
  } finally {
    await letters.close();
  }
}

/** Ids, types and errors alone: what the facts say stays where it is, as it may be personal. */
function listed(letters: readonly DeadLetter[]): string {
  const lines = letters.flatMap(({ reaction, factId, type, subject, tries, at, error }) => [
    `${at}  ${reaction}  ${factId}  ${type} of ${subject}, ${tries} tries`,
    `    ${error.split('\n')[0]}`,
  ]);
  return [...lines, counted(letters.length, ''), ''].join('\n');
}

function replayed(count: number): string {
  return `${counted(count, ' will be delivered again')}\n`;
}

function counted(count: number, rest: string): string {
  return `${count} dead ${count === 1 ? 'letter' : 'letters'}${rest}`;
}
