import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema, readConfig } from '../shared/platform/config.ts';

/** What the Functions host itself reads, and the connections of triggers, which it resolves by name. */
const OF_THE_HOST = /^(FUNCTIONS_|AzureWebJobs|[A-Za-z]+__)/;

const Sample = z.strictObject({ IsEncrypted: z.literal(false), Values: z.record(z.string(), z.string()) });

async function sample(): Promise<Record<string, string>> {
  return Sample.parse(JSON.parse(await readFile('local.settings.sample.json', 'utf8'))).Values;
}

function differences(values: Record<string, string>): { missing: string[]; unknown: string[] } {
  const named = Object.keys(values).filter((name) => !OF_THE_HOST.test(name));
  const known = Object.keys(configSchema.shape);
  return {
    missing: known.filter((name) => !named.includes(name)),
    unknown: named.filter((name) => !known.includes(name)),
  };
}

test('the sample of the settings names every setting there is, and no other', async () => {
  expect(differences(await sample())).toEqual({ missing: [], unknown: [] });
});

test('a setting that the sample lacks, or has too many, is noticed', async () => {
  const { PORT: _, ...rest } = await sample();
  expect(differences({ ...rest, COLOUR: 'red' })).toEqual({ missing: ['PORT'], unknown: ['COLOUR'] });
});

test('the sample as it stands is a usable configuration, and means the defaults', async () => {
  expect(readConfig(await sample())).toEqual(readConfig({}));
});
