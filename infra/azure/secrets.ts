/** After `azd provision`: the secrets that are missing. azd says where, and who is signed in. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { SECOND, systemClock } from '../../shared/platform/clock.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { makeSecrets, type Tokens } from './making.ts';

const run = promisify(execFile);
/** What azd hands to its hooks: the outputs of main.bicep and the environment's own values. */
const Given = z.object({
  AZURE_KEY_VAULT_ENDPOINT: z.url({ protocol: /^https$/ }),
  AZURE_FUNCTION_APP_ID: z.string().startsWith('/subscriptions/'),
  AZURE_TENANT_ID: z.string().min(1),
  SMTP_URL: z.string().optional(),
});
const Token = z.object({ token: z.string() });

function tokensOf(tenant: string): Tokens {
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

async function main(): Promise<void> {
  const given = Given.parse(process.env);
  await makeSecrets({
    vault: given.AZURE_KEY_VAULT_ENDPOINT,
    app: given.AZURE_FUNCTION_APP_ID,
    manager: 'https://management.azure.com',
    smtpUrl: given.SMTP_URL || undefined,
    tokens: tokensOf(given.AZURE_TENANT_ID),
    clock: systemClock,
    pause: 10 * SECOND,
    say: (line) => void process.stdout.write(`${line}\n`),
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
