/** What `azd provision` asks Azure for with infra/azure, in each profile. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type BicepFile, withModules } from './bicep.ts';
import { type Deployment, deploy, type Resource } from './bicep-deployment.ts';

export const MAIN = 'infra/azure/main.bicep';
export const profiles = ['dev', 'prod'] as const;
type Profile = (typeof profiles)[number];

const ParametersFile = z.object({ parameters: z.record(z.string(), z.object({ value: z.string() })) });

let files: Promise<ReadonlyMap<string, BicepFile>> | undefined;
export function bicepFiles(): Promise<ReadonlyMap<string, BicepFile>> {
  files ??= withModules(MAIN);
  return files;
}

/** main.parameters.json with the environment's values put in, as azd does: `${NAME}` or `${NAME=default}`. */
export async function azdParameters(environment: Record<string, string>): Promise<Record<string, string | boolean>> {
  const { parameters } = ParametersFile.parse(JSON.parse(await readFile('infra/azure/main.parameters.json', 'utf8')));
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { value }]) => {
      const text = value.replace(
        /\$\{(\w+)(?:=([^}]*))?\}/g,
        (_, key: string, fallback = '') => environment[key] ?? fallback,
      );
      return [name, text === 'true' ? true : text === 'false' ? false : text];
    }),
  );
}

/** With a JSON file replaced by what `instead` has under its path. */
export async function provisioned(
  profile: Profile,
  environment: Record<string, string> = {},
  instead: Parameters<typeof deploy>[3] = {},
): Promise<Deployment> {
  const given = { AZURE_ENV_NAME: 'test', AZURE_LOCATION: 'westeurope', MARQUEE_PROFILE: profile, ...environment };
  return deploy(await bicepFiles(), MAIN, await azdParameters(given), instead);
}

/** The resources of a type, by the last part of their names. */
export function ofType({ resources }: Deployment, type: string): ReadonlyMap<string, Resource> {
  const found = resources.filter((resource) => resource.type === type);
  return new Map(found.map((resource) => [resource.name.split('/').at(-1) ?? '', resource]));
}

export function propertiesOf(resource: Resource | undefined): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(resource?.body.properties);
}
