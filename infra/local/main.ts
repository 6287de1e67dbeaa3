/** `npm start`: the whole system on this machine, with demo data on the first start. */
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { type Config, readConfig } from '../../shared/platform/config.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { openLog } from '../../shared/platform/log.pino.ts';
import { openTelemetry } from '../../shared/platform/telemetry.azure.ts';
import { startLocal } from './compose.ts';
import { madeFolder } from './data-folder.ts';
import { demoUsers, seedDemo } from './demo.ts';

// Whoever read what is said may be gone (`npm start | head`): the system runs on.
process.stdout.on('error', () => {});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const folder = resolve(config.DATA_DIR);
  await madeFolder(folder);
  const stopping = new AbortController();
  const { signal } = stopping;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // A Ctrl-C under npm arrives twice, from the terminal and from npm.
      if (signal.aborted) return;
      say('\nFinishing what is in flight …');
      stopping.abort();
    });
  }
  const telemetry = await openTelemetry(config, { store: 'sqlite', bus: 'local' });
  let demo = false;
  const local = await startLocal({
    config,
    telemetry,
    log: openLog(config.LOG_LEVEL, join(folder, 'marquee.log')),
    prepare: async (parts) => {
      if (config.SEED === 'demo') demo = await seedDemo(parts, say, signal);
    },
  }).catch((error: unknown) => {
    if (error !== signal.reason) throw error;
  });
  if (local && !signal.aborted) {
    welcome(config, demo, local.host.origin, folder);
    await once(signal, 'abort');
  }
  await local?.close();
  await telemetry?.stop();
  process.exit(0);
}

function welcome({ SEED, SMTP_URL }: Config, demo: boolean, origin: string, folder: string): void {
  say(`Data${SMTP_URL ? '' : ', mail (mail/)'} and the log (marquee.log) are in ${folder}`);
  say(`Reference, to be tried from the page: ${origin}/api/docs`);
  if (demo) for (const line of demoUsers()) say(line);
  else if (SEED === 'none') say('No demo data (SEED=none): make an organization with POST /api/identity/register');
  else say('No demo data: there is an organization of your own here already');
  say(`Marquee is ready at ${origin}`);
}

function fail(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}

main().catch(fail);
