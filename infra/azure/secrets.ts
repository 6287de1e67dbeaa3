/** After `azd provision`: the secrets that are missing. azd says where, and who is signed in. */
import { z } from 'zod';
import { SECOND, systemClock } from '../../shared/platform/clock.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { MANAGER, tokensOf } from './azd.ts';
import { makeSecrets } from './making.ts';

/** What azd hands to its hooks: the outputs of main.bicep and the environment's own values. */
const Given = z.object({
  AZURE_KEY_VAULT_ENDPOINT: z.url({ protocol: /^https$/ }),
  AZURE_FUNCTION_APP_ID: z.string().startsWith('/subscriptions/'),
  AZURE_TENANT_ID: z.string().min(1),
  SMTP_URL: z.string().optional(),
});

async function main(): Promise<void> {
  const given = Given.parse(process.env);
  await makeSecrets({
    vault: given.AZURE_KEY_VAULT_ENDPOINT,
    app: given.AZURE_FUNCTION_APP_ID,
    manager: MANAGER,
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
