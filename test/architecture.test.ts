import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Rule, rules, violations } from './support/architecture.ts';
import { parseSource, type Source } from './support/source.ts';

const FOLDERS = ['functions', 'shared', 'infra', 'test', 'bench'];
const GENERATED = ['test/http/api.d.ts'];

function projectOf(files: Record<string, string>): Map<string, Source> {
  return new Map(Object.entries(files).map(([path, text]) => [path, parseSource(path, text)]));
}

function wholeProject(): Map<string, Source> {
  const files = FOLDERS.filter(existsSync)
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
        (path) => `${folder}/${path.replaceAll('\\', '/')}`,
      ),
    )
    .filter((path) => /\.(ts|mjs|js)$/.test(path) && !GENERATED.includes(path));
  return projectOf(Object.fromEntries(files.map((path) => [path, readFileSync(path, 'utf8')])));
}

/** For each rule, in order: files that break it, and files much like them that do not. */
const planted: readonly { readonly breaks: Record<string, string>; readonly keeps: Record<string, string> }[] = [
  {
    breaks: {
      'shared/a/rules.ts': `import { readFile } from 'node:fs/promises';`,
      'shared/b/model.ts': `import { thing } from '../platform/thing.ts';`,
      'shared/platform/thing.ts': `import pino from 'pino';`,
      'shared/c/rules.ts': `import { systemClock } from '../platform/clock.ts';`,
      'shared/d/model.ts': `import type { Container } from '@azure/cosmos';`,
      'shared/e/rules.ts': `const load = () => import('node:crypto');`,
    },
    keeps: {
      'shared/a/rules.ts': `import { z } from 'zod'; import { later } from '../platform/clock.ts';`,
      'shared/b/model.ts': `import type { Scope } from '../platform/scope.ts'; import { type Log } from '../platform/log.ts';`,
      'shared/platform/clock.ts': `import { v7 } from 'uuid';`,
      'shared/platform/scope.ts': `import 'node:fs';`,
      'shared/platform/log.ts': `import 'pino';`,
      'shared/a/commands.ts': `import 'node:crypto'; // import 'node:fs' in rules.ts would not do`,
    },
  },
  {
    breaks: {
      'shared/a/commands.ts': `import { BlobServiceClient } from '@azure/storage-blob';`,
      'shared/platform/store.ts': `import type { Container } from '@azure/cosmos';`,
      'infra/local/main.ts': `const sdk = await import('@azure/service-bus');`,
    },
    keeps: {
      'functions/main.ts': `import { app } from '@azure/functions';`,
      'shared/platform/store.azure.ts': `import { CosmosClient } from '@azure/cosmos';`,
    },
  },
  {
    breaks: {
      'shared/a/rules.ts': `import { cancel } from '../b/rules.ts';`,
      'shared/a/commands.ts': `import type { X } from '../b/commands.ts';`,
      'shared/b/views.ts': `export { head } from '../claims/head.ts';`,
    },
    keeps: {
      'shared/a/rules.ts': `import type { B } from '../b/model.ts'; import { own } from './own.ts';`,
      'shared/a/commands.ts': `import { claimsOf } from '../claims/engine.ts'; import { x } from '../platform/x.ts';`,
    },
  },
  {
    breaks: { 'shared/platform/route.ts': `import type { User } from '../identity/model.ts';` },
    keeps: { 'shared/platform/route.ts': `import { z } from './z.ts';` },
  },
  {
    breaks: {
      'shared/a/rules.ts': `import { routes } from '../../functions/registry.ts';`,
      'functions/main.ts': `import { startAzurite } from '../infra/local/azurite.ts';`,
      'infra/local/main.ts': `import { fake } from '../../test/support/fake.ts';`,
    },
    keeps: {
      'infra/local/main.ts': `import { routes } from '../../functions/registry.ts';`,
      'functions/main.ts': `import { x } from '../shared/platform/x.ts';`,
    },
  },
  {
    breaks: { 'shared/a/index.ts': '' },
    keeps: { 'shared/a/indexes.ts': '' },
  },
  {
    breaks: { 'shared/a/rules.ts': 'const a = 1;\n'.repeat(301) },
    keeps: { 'shared/a/rules.ts': 'const a = 1;\n'.repeat(300) },
  },
  {
    breaks: {
      'shared/a/rules.ts': 'const at = Date.now();',
      'shared/a/model.ts': 'const at = new Date();',
      'functions/http/a.ts': 'const id = crypto.randomUUID();',
      'shared/b/rules.ts': 'const luck = Math.random();',
      'shared/b/model.ts': 'const at = Temporal.Now.instant();',
      'shared/c/model.ts': 'const at = new Date;',
    },
    keeps: {
      'shared/a/rules.ts': `const at = new Date('2026-11-20'); // not Date.now()\nconst text = 'Math.random()';`,
      'shared/platform/clock.ts': 'const at = Date.now();',
      'infra/local/main.ts': 'const at = new Date();',
    },
  },
  {
    breaks: {
      'shared/a/commands.ts': `import { systemIds } from '../platform/clock.ts';`,
      'functions/http/a.ts': `import { v4 } from 'uuid';`,
    },
    keeps: {
      'shared/a/commands.ts': `import { later } from '../platform/clock.ts';`,
      'infra/local/host.ts': `import { systemClock } from '../../shared/platform/clock.ts';`,
    },
  },
  {
    breaks: {
      'shared/a/commands.ts': 'const other = scope.inOrganization(orgId);',
      'functions/http/a.ts': 'const other = scope.inOrganization(orgId).of(events);',
    },
    keeps: {
      'shared/identity/commands.ts': 'const other = scope.inOrganization(orgId);',
      'functions/timers/expire.ts': 'const other = scope.inOrganization(orgId);',
    },
  },
  {
    breaks: { 'infra/local/main.ts': `console.log('ready');` },
    keeps: { 'infra/local/main.ts': `process.stdout.write('ready'); // console.log()` },
  },
  {
    breaks: {
      'functions/http/a.ts': `throw broken('too-late', 'It is too late.');`,
      'functions/bus/b.ts': `throw new Refusal('wrong_state', 'Not now.');`,
      'functions/http/c.ts': `throw wrongState('draft', [], 'approve');`,
      'functions/http/d.ts': `throw breaks('too-late', 'It is too late.');`,
    },
    keeps: {
      'functions/http/a.ts': `throw notFound('event'); throw new Refusal('unauthenticated', 'Sign in.');`,
      'shared/a/rules.ts': `throw broken('too-late', 'It is too late.');`,
    },
  },
  {
    breaks: { 'functions/http/rules.ts': '', 'functions/event-model.ts': '' },
    keeps: { 'functions/http/remodelling.ts': '' },
  },
  {
    breaks: {
      'test/a.test.ts': `test.skip('later', () => {});`,
      'test/b.test.ts': `describe.only('this', () => {});`,
      'test/c.test.ts': `test.concurrent.todo('soon');`,
    },
    keeps: { 'test/a.test.ts': `test.each([1])('each', () => {}); describe.skipIf(!endpoint)('cosmos', () => {});` },
  },
];

describe('the project keeps its architecture', () => {
  const project = wholeProject();

  test('the scan sees the whole project', () => {
    const paths = [...project.keys()];
    for (const folder of FOLDERS) expect(paths.filter((path) => path.startsWith(`${folder}/`))).not.toEqual([]);
    expect(project.get('functions/main.ts')?.imports.map(({ from }) => from)).toContain('@azure/functions');
    expect(project.get('shared/platform/clock.ts')?.calls.map((call) => call.name)).toContain('Date.now');
  });

  test.each(rules)('$name', (rule) => {
    expect(violations(rule, project)).toEqual([]);
  });
});

describe('each rule has been seen to fail', () => {
  const cases = rules.map((rule, at): [string, Rule, number] => [rule.name, rule, at]);

  test.each(cases)('%s', (_, rule, at) => {
    const { breaks = {}, keeps = {} } = planted[at] ?? {};
    expect(Object.keys(breaks)).not.toEqual([]);
    const project = projectOf(breaks);
    const broken = violations(rule, project).map((line) => line.split(/:| ->/)[0]);
    const helpers = ['shared/platform/thing.ts'];
    expect(broken.toSorted()).toEqual([...project.keys()].filter((path) => !helpers.includes(path)).toSorted());
    expect(violations(rule, projectOf(keeps))).toEqual([]);
  });
});
