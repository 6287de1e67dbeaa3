/** `node infra/local/cli/run.mjs <file.ts> [arguments]`: runs one TypeScript entry; it finds its arguments at `argv[2]`. */
import { runEntry } from './bundle.mjs';
import { ensureInstalled, stop } from './install.mjs';

const [entry, ...rest] = process.argv.slice(2);
if (!entry) stop('Say which file: node infra/local/cli/run.mjs <file.ts> [arguments]');
await ensureInstalled();
process.argv = [process.execPath, entry, ...rest];
await runEntry(entry);
