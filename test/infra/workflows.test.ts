import { access, readdir, readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { azdParameters, bicepFiles, MAIN, ofType, provisioned } from '../support/azure-infra.ts';

const FOLDER = '.github/workflows';
const Permissions = z.record(z.string(), z.enum(['read', 'write', 'none']));
const Step = z.strictObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const Workflow = z.looseObject({
  on: z.record(z.string(), z.unknown()),
  permissions: Permissions,
  jobs: z.record(
    z.string(),
    z.looseObject({
      permissions: Permissions.optional(),
      environment: z.string().optional(),
      needs: z.string().optional(),
      'timeout-minutes': z.number(),
      env: z.record(z.string(), z.string()).optional(),
      steps: z.array(Step),
    }),
  ),
});
const Hook = z.strictObject({ shell: z.string(), run: z.string() });
const Hooks = z.record(z.string(), z.strictObject({ posix: Hook, windows: Hook }));
const Azd = z.looseObject({
  infra: z.object({ path: z.string(), module: z.string() }),
  services: z.record(
    z.string(),
    z.looseObject({ host: z.string(), dist: z.string(), remoteBuild: z.boolean(), hooks: Hooks }),
  ),
  hooks: Hooks,
});

async function workflow(name: string) {
  return Workflow.parse(load(await readFile(`${FOLDER}/${name}`, 'utf8')));
}
const names = await readdir(FOLDER);

describe.each(names)('the workflow %s', (name) => {
  test('pins every action by its whole commit, with the version beside it', async () => {
    const lines = (await readFile(`${FOLDER}/${name}`, 'utf8')).split('\n').filter((line) => line.includes('uses:'));
    expect(lines).not.toEqual([]);
    for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('may read the code, and only a job that goes to an environment may say who it is', async () => {
    const { permissions, jobs } = await workflow(name);
    expect(permissions).toEqual({ contents: 'read' });
    for (const { permissions: own, environment } of Object.values(jobs)) {
      if (environment === undefined) expect(own).toBeUndefined();
      else expect(own).toEqual({ contents: 'read', 'id-token': 'write' });
    }
  });

  test('leaves no token in the clone, and puts nothing that others write into a command', async () => {
    const { jobs } = await workflow(name);
    for (const step of Object.values(jobs).flatMap(({ steps }) => steps)) {
      if (step.uses?.startsWith('actions/checkout@')) expect(step.with).toEqual({ 'persist-credentials': false });
      expect(step.run ?? '').not.toContain('${{');
    }
  });
});

test.each(names)('%s tests over the real redis-server of the distribution', async (name) => {
  const { jobs } = await workflow(name);
  const runs = (jobs.check?.steps ?? []).map(({ run = '' }) => run);
  expect(runs.at(-2)).toMatch(/apt-get install .*\bredis-server$/);
  expect(runs.at(-1)).toBe('npm test');
});

test('pull requests are checked by npm test on every Node that is supported', async () => {
  const { on, jobs } = await workflow('check.yml');
  expect(Object.keys(on)).toContain('pull_request');
  expect(Object.keys(on)).not.toContain('pull_request_target');
  expect(jobs.check?.steps.at(-1)?.run).toBe('npm test');
});

test('a tag is deployed after the checks, to an environment that asks first, with a profile and what main.bicep wants', async () => {
  const { on, jobs } = await workflow('deploy.yml');
  expect(on).toEqual({ push: { tags: ['v*'] } });
  const { needs, environment, env = {}, steps = [] } = jobs.deploy ?? {};
  expect([needs, environment]).toEqual(['check', 'production']);
  expect(steps.map(({ run }) => run?.split(' ').slice(0, 2).join(' ')).filter(Boolean)).toEqual([
    'azd auth',
    'azd provision',
    'azd deploy',
  ]);
  const given = await azdParameters({ ...env, AZURE_ENV_NAME: 'e', AZURE_LOCATION: 'l' });
  const params = (await bicepFiles()).get(MAIN)?.declarations.filter(({ kind }) => kind === 'param') ?? [];
  // Whoever deploys is known to Azure.
  expect(Object.keys(given).toSorted()).toEqual(
    params
      .map(({ name }) => name)
      .filter((name) => name !== 'deployerId')
      .toSorted(),
  );
  const text = await readFile('infra/azure/main.parameters.json', 'utf8');
  const read = [...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name);
  expect(read.filter((name) => !(name in env))).toEqual([]);
});

test('azd finds the Bicep, the app by its tag, the scripts of its hooks and the folder that they lay out', async () => {
  const { infra, services, hooks } = Azd.parse(load(await readFile('azure.yaml', 'utf8')));
  expect(`${infra.path}/${infra.module}.bicep`).toBe(MAIN);
  const [app] = ofType(await provisioned('dev'), 'Microsoft.Web/sites').values();
  expect(Object.keys(services)).toEqual([Object(app?.body.tags)['azd-service-name']]);
  const { api } = services;
  // Nothing is built on the other side, so no .funcignore may leave out node_modules.
  expect(api).toMatchObject({ host: 'function', remoteBuild: false, dist: 'dist/azure' });
  await expect(access('.funcignore')).rejects.toThrow();
  const all = { ...api?.hooks, ...hooks };
  expect(Object.keys(all)).toEqual(['prepackage', 'postdeploy', 'postprovision']);
  for (const { posix, windows } of Object.values(all)) {
    expect(posix.run).toBe(windows.run);
    for (const script of posix.run.match(/infra\/\S+/g) ?? []) await access(script);
  }
});
