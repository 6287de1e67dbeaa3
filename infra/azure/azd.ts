/** What azd knows: who is signed in, and the values of its environment. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { codeOf } from '../../shared/platform/errors.ts';

/** A bearer token for a service, by its address. */
export type Tokens = (audience: string) => Promise<string>;

export const MANAGER = 'https://management.azure.com';

const run = promisify(execFile);
const Token = z.object({ token: z.string() });
const Values = z.record(z.string(), z.string());

async function asked(args: readonly string[]): Promise<unknown> {
  try {
    return JSON.parse((await run('azd', args)).stdout);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new Error('azd is not installed, or not in PATH: https://aka.ms/azd');
    throw error;
  }
}

/** Tokens of whoever is signed in, asked for once for each service. */
export function tokensOf(tenant: string): Tokens {
  const known = new Map<string, Promise<string>>();
  const ask = async (audience: string) => {
    const args = ['auth', 'token', '--scope', `${audience}/.default`, '--tenant-id', tenant, '--output', 'json'];
    return Token.parse(await asked(args)).token;
  };
  return (audience) => {
    const token = known.get(audience) ?? ask(audience);
    known.set(audience, token);
    return token;
  };
}

/** The values of azd's environment, the outputs of main.bicep among them: what a hook would be handed. */
export async function valuesOfEnvironment(): Promise<Readonly<Record<string, string>>> {
  return Values.parse(await asked(['env', 'get-values', '--output', 'json']));
}
