/** `npm run rotate-keys`: a new signing key for access tokens. Nobody is signed out; running processes take it up. */
import { resolve } from 'node:path';
import { rotateKeys } from '../../shared/identity/keys.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { alone } from '../../shared/platform/lock.ts';
import { command } from './command.ts';
import { madeFolder } from './data-folder.ts';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const folder = resolve(config.DATA_DIR);
  await madeFolder(folder);
  const rotate = () => rotateKeys(config, folder, systemClock);
  const { kid, kept, dropped } = await alone(folder, 'rotate-keys', rotate);
  process.stdout.write(`Tokens are now signed with ${kid}; ${kept} older still verify, ${dropped} dropped.\n`);
}

await command(main);
