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
  if (!hasBus(config) && !existsSync(join(DATA_DIR, 'bus.db'))) {
    return failed(1, `There is no bus in ${DATA_DIR}: nothing ran there yet, or DATA_DIR is another.\n`);
  }
  const letters = hasBus(config) ? await onAzure(config) : onThisMachine(DATA_DIR);
  try {
    const { what, ...filter } = asked;
    const mistaken = await mistakenFor(letters, filter.reaction);
    if (mistaken !== undefined) return failed(1, mistaken);
    const said = what === 'list' ? listed(await letters.list(filter)) : replayed(await letters.replay(filter));
    process.stdout.write(said);
  } finally {
    await letters.close();
  }
});

function failed(code: number, text: string): void {
  process.stderr.write(text);
  process.exitCode = code;
}

interface Filter {
  readonly reaction: string | undefined;
  readonly id: string | undefined;
}

interface Question extends Filter {
  readonly what: 'list' | 'replay';
}

interface Letters {
  list(filter: Filter): Promise<readonly DeadLetter[]>;
  /** How many. */
  replay(filter: Filter): Promise<number>;
  close(): Promise<void>;
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

/** Why a name can only be a slip: no reaction has it, and none that is gone has left letters under it. */
async function mistakenFor(letters: Letters, reaction: string | undefined): Promise<string | undefined> {
  if (reaction === undefined) return undefined;
  const names = await reactionNames();
  if (names.includes(reaction)) return undefined;
  if ((await letters.list({ reaction, id: undefined })).length > 0) return undefined;
  return `There is no reaction ${reaction}, and no dead letter of that name. Reactions are: ${names.join(', ')}.\n`;
}

async function reactionNames(): Promise<readonly string[]> {
  const { reactions } = await import('../../functions/registry.ts');
  return reactions.map(({ name }) => name).sort();
}

function onThisMachine(folder: string): Letters {
  const file = openBusFile(folder);
  return {
    list: async (filter) => file.deadLetters(filter),
    replay: async (filter) => file.replay(filter),
    close: async () => file.close(),
  };
}

/** The same of the subscriptions' dead-letter queues; of all declared reactions, or of one that may be gone. */
async function onAzure(config: Config): Promise<Letters> {
  const { openDeadLetters } = await import('../../shared/platform/dead-letters.azure.ts');
  const {
    SERVICE_BUS_NAMESPACE: namespace,
    SERVICE_BUS_CONNECTION: connectionString,
    SERVICE_BUS_TOPIC: topic,
  } = config;
  const letters = await openDeadLetters({ namespace, connectionString, topic });
  const namesOf = async ({ reaction }: Filter) => (reaction === undefined ? await reactionNames() : [reaction]);
  return {
    async list(filter) {
      const found: DeadLetter[] = [];
      for (const name of await namesOf(filter)) found.push(...(await letters.list(name, filter.id)));
      return found;
    },
    async replay(filter) {
      let count = 0;
      for (const name of await namesOf(filter)) count += await letters.replay(name, filter.id);
      return count;
    },
    close: letters.close,
  };
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
