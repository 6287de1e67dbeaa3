import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reactions, timers } from '../functions/registry.ts';
import { configSchema } from '../shared/platform/config.ts';
import { provisioned } from './support/azure-infra.ts';

const PAGE = 'docs/operations.md';
const page = await readFile(PAGE, 'utf8');

/** Names in capitals that are none of our settings. */
const FOREIGN = new Set(['VACUUM', 'INTO', 'GET', 'EXISTS', 'OTEL_TRACES_SAMPLER']);

interface Known {
  readonly settings: readonly string[];
  readonly scripts: readonly string[];
  /** What azd knows after it has provisioned. */
  readonly outputs: readonly string[];
  /** Names of alerts, and of what is declared. */
  readonly names: readonly string[];
  readonly exists: (path: string) => boolean;
}

/** What a page names that is not there, one line each. */
function unknownIn(text: string, { settings, scripts, outputs, names, exists }: Known): string[] {
  const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside = '']) => inside);
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, inside = '']) => inside).join('\n');
  const shell = new Set([...blocks.matchAll(/^(?:export )?([A-Z]+)=/gm)].map(([, name]) => name));
  const said = code.flatMap((inside) => inside.match(/\b[A-Z][A-Z_]{2,}\b/g) ?? []);
  const ran = [...`${code.join('\n')}\n${blocks}`.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
  const values = [...blocks.matchAll(/azd env get-value (\w+)/g)].map(([, name = '']) => name);
  const files = [...text.matchAll(/\]\(([^)#]+)(?:#[\w-]*)?\)/g)].map(([, path = '']) => path);
  const programs = [...text.matchAll(/node ((?:bench|infra)\/[\w/.-]+)/g)].map(([, path = '']) => path);
  const alerts = [...text.matchAll(/alerts? `([a-z0-9-]+)`/g)].map(([, name = '']) => name);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  const anchors = [...text.matchAll(/\]\(#([\w-]+)\)/g)].map(([, name = '']) => name);
  return [
    ...said.filter((name) => !settings.includes(name) && !FOREIGN.has(name) && !shell.has(name)),
    ...ran.filter((name) => !scripts.includes(name)),
    ...values.filter((name) => !outputs.includes(name)),
    ...files.filter((path) => !path.startsWith('http') && !exists(join(dirname(PAGE), path))),
    ...programs.filter((path) => !exists(path)),
    ...alerts.filter((name) => !names.includes(name)),
    ...anchors.filter((name) => !headings.includes(name)),
  ];
}

async function known(): Promise<Known> {
  const [{ scripts }, { parameters }, { resources, outputs }] = await Promise.all([
    readFile('package.json', 'utf8').then(JSON.parse),
    readFile('infra/azure/main.parameters.json', 'utf8').then(JSON.parse),
    provisioned('prod'),
  ]);
  const variables = JSON.stringify(parameters).match(/(?<=\$\{)[A-Z_]+/g) ?? [];
  return {
    settings: [...Object.keys(configSchema.shape), ...variables],
    scripts: Object.keys(scripts),
    outputs: Object.keys(outputs),
    names: [
      ...reactions.map(({ name }) => name),
      ...timers.map(({ name }) => name),
      ...resources.map(({ name }) => name.replace(/^alert-|-[a-z]{13}$/g, '')),
    ],
    exists: existsSync,
  };
}

describe('docs/operations.md', () => {
  test('names settings, azd variables, scripts, files, headings and alerts that are there', async () => {
    expect(unknownIn(page, await known())).toEqual([]);
  });

  test.each([
    ['`NO_SUCH_SETTING`', 'NO_SUCH_SETTING'],
    ['`npm run nothing`', 'nothing'],
    ['```sh\nA=$(azd env get-value NO_SUCH_OUTPUT)\n```', 'NO_SUCH_OUTPUT'],
    ['[a](../gone.ts)', '../gone.ts'],
    ['`node bench/gone.mjs`', 'bench/gone.mjs'],
    ['the alert `calm`', 'calm'],
    ['[a](#gone)', 'gone'],
  ])('twin: %s would be noticed', async (text, name) => {
    expect(unknownIn(text, await known())).toEqual([name]);
  });

  test('says what each alert means', async () => {
    const { resources } = await provisioned('prod');
    const alerts = resources.flatMap(({ name }) => /^alert-(.+)-[a-z]{13}$/.exec(name)?.[1] ?? []);
    expect(alerts.length).toBeGreaterThan(6);
    for (const name of alerts) expect(page, name).toContain(`\`${name}\``);
  });
});
