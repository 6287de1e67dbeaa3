/** `node bench/scale.mjs`: a year of a thousand organizations against the declared partition keys; see scale/main.ts. */
import { runEntry } from '../infra/local/cli/bundle.mjs';
import { ensureInstalled } from '../infra/local/cli/install.mjs';

await ensureInstalled();
await runEntry('bench/scale/main.ts');
