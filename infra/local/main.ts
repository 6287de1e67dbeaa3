/** `npm start`: the whole system on this machine, with demo data on the first start. */
import { join, resolve } from 'node:path';
import { readConfig } from '../../shared/platform/config.ts';
import { openLog } from '../../shared/platform/log.pino.ts';
import { madeFolder, startLocal } from './compose.ts';
import { demoUsers, seedDemo } from './demo.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const folder = resolve(config.DATA_DIR);
  await madeFolder(folder);
  const local = await startLocal({
    config,
    log: openLog(config.LOG_LEVEL, join(folder, 'marquee.log')),
    prepare: async (parts) => {
      if (config.SEED === 'demo') await seedDemo(parts, say);
    },
  });
  let stopping = false;
  // A Ctrl-C under npm arrives twice, from the terminal and from npm.
  const stop = () => {
    if (stopping) return;
    stopping = true;
    say('\nFinishing what is in flight …');
    local.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

  say(`Data, mail (mail/) and the log (marquee.log) are in ${folder}`);
  say(`Reference, to be tried from the page: ${local.host.origin}/api/docs`);
  if (config.SEED === 'demo') for (const line of demoUsers()) say(line);
  else say('No demo data (SEED=none): make an organization with POST /api/identity/register');
  say(`Marquee is ready at ${local.host.origin}`);
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
