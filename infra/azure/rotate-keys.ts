/** `npm run rotate-keys:azure`: a new signing key in the environment that azd has selected. Nobody is signed out. */
import { z } from 'zod';
import { MINUTE } from '../../shared/platform/clock.ts';
import { command } from '../local/command.ts';
import { valuesOfEnvironment } from './azd.ts';
import { rotateOnAzure } from './rotating.ts';
import { vaultedIn } from './vault.ts';

const Given = z.object({ SERVICE_API_URI: z.url() });

await command(async () => {
  const values = await valuesOfEnvironment();
  await rotateOnAzure({ ...vaultedIn(values), api: Given.parse(values).SERVICE_API_URI, settle: 2 * MINUTE });
});
