/** After `azd provision`: the secrets that are missing. azd hands its environment to the hook. */
import { command } from '../local/command.ts';
import { makeSecrets } from './making.ts';
import { vaultedIn } from './vault.ts';

await command(() => makeSecrets({ ...vaultedIn(process.env), smtpUrl: process.env.SMTP_URL || undefined }));
