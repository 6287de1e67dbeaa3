/** What azd knows: who is signed in, and the values of its environment. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

/** A bearer token for a service, by its address. */
export type Tokens = (audience: string) => Promise<string>;

export const MANAGER = 'https://management.azure.com';

const run = promisify(execFile);
const Token = z.object({ token: z.string() });
const Values = z.record(z.string(), z.string());

/** Tokens of whoever is signed in, asked for once for each service. */
export function tokensOf(tenant: string): Tokens {
  const known = new Map<string, Promise<string>>();
  const ask = async (audience: string) => {
    const args = ['auth', 'token', '--scope', `${audience}/.default`, '--tenant-id', tenant, '--output', 'json'];
    const { stdout } = await run('azd', args);
    return Token.parse(JSON.parse(stdout)).token;
  };
  return (audience) => {
    const token = known.get(audience) ?? ask(audience);
    known.set(audience, token);
    return token;
  };
}

/** The values of azd's environment, the outputs of main.bicep among them: what a hook would be handed. */
export async function valuesOfEnvironment(): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await run('azd', ['env', 'get-values', '--output', 'json']);
  return Values.parse(JSON.parse(stdout));
}
