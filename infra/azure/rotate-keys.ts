/** `npm run rotate-keys:azure`: a new signing key in the environment that azd has selected. Nobody is signed out. */
import { z } from 'zod';
import { MINUTE, SECOND, systemClock } from '../../shared/platform/clock.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { MANAGER, tokensOf, valuesOfEnvironment } from './azd.ts';
import { rotateOnAzure } from './rotating.ts';

const Given = z.object({
  AZURE_KEY_VAULT_ENDPOINT: z.url({ protocol: /^https$/ }),
  AZURE_FUNCTION_APP_ID: z.string().startsWith('/subscriptions/'),
  AZURE_TENANT_ID: z.string().min(1),
  SERVICE_API_URI: z.url(),
});

async function main(): Promise<void> {
  const given = Given.parse(await valuesOfEnvironment());
  await rotateOnAzure({
    vault: given.AZURE_KEY_VAULT_ENDPOINT,
    app: given.AZURE_FUNCTION_APP_ID,
    api: given.SERVICE_API_URI,
    manager: MANAGER,
    tokens: tokensOf(given.AZURE_TENANT_ID),
    clock: systemClock,
    pause: 10 * SECOND,
    settle: 2 * MINUTE,
    say: (line) => void process.stdout.write(`${line}\n`),
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
