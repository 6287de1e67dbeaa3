/** `npm start`: installs what is missing and runs the whole system in this process. */
import { runEntry } from './bundle.mjs';
import { ensureInstalled } from './install.mjs';

await ensureInstalled();
await runEntry('infra/local/main.ts');
