/** `npm run rotate-keys`: a new signing key for access tokens. Nobody is signed out; running processes take it up. */
import { resolve } from 'node:path';
import { rotateKeys } from '../../shared/identity/keys.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { messageOf } from '../../shared/platform/errors.ts';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const { kid, kept, dropped } = await rotateKeys(config, resolve(config.DATA_DIR), systemClock);
  process.stdout.write(`Tokens are now signed with ${kid}; ${kept} older still verify, ${dropped} dropped.\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
