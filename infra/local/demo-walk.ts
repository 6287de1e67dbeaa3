/**
 * `npm run demo`: starts the whole system in a folder of its own, walks one job through the API, says what happens and
 * checks it. Exit code 1 when something is not as it should be. Leaves nothing behind.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../shared/platform/config.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { openLog } from '../../shared/platform/log.pino.ts';
import { startLocal } from './compose.ts';
import { carry, enquire, furnish, hire, reserve, type Telling, writeOff } from './demo-walk-job.ts';
import { companyAt } from './demo-walk-people.ts';
import { whoWasTold } from './demo-walk-told.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints as it goes, and counts what held and what did not. */
function teller(): Telling & { readonly wrong: readonly string[]; checked(): number } {
  const wrong: string[] = [];
  let steps = 0;
  let checks = 0;
  return {
    wrong,
    checked: () => checks,
    step(title) {
      steps += 1;
      say(`\n${steps}. ${title}`);
    },
    line: (text) => say(`   ${text}`),
    check(what, holds) {
      checks += 1;
      if (!holds) wrong.push(what);
    },
  };
}

/** The settings are the demo's alone: those of the caller may lead to a real account. */
async function walk(folder: string, telling: Telling): Promise<void> {
  const config = readConfig({ DATA_DIR: folder, PORT: '0', WEB_PUBSUB_PORT: '0', SEED: 'none' });
  const log = openLog('info', join(folder, 'marquee.log'));
  const local = await startLocal({ config, log });
  try {
    say(`Marquee runs at ${local.host.origin}, with its data in ${folder}`);
    const company = companyAt(local.host.origin, folder);
    const crew = await hire(company, telling);
    const socket = await company.listen(crew.manager);
    try {
      telling.line('Mona listens on a socket');
      const house = await furnish(crew, telling);
      const enquiry = await enquire(crew, house, telling);
      const reservations = await reserve(crew, house, enquiry, telling);
      const projector = await carry(crew, reservations, telling);
      await writeOff(crew, enquiry, projector, telling);
      await whoWasTold(company, crew, socket, telling);
    } finally {
      socket.close();
    }
  } finally {
    await local.close();
  }
}

async function main(): Promise<number> {
  const since = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'marquee-demo-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(130);
    });
  }
  const telling = teller();
  const failed = [
    ...(await walk(folder, telling).then(
      () => [],
      (error) => [messageOf(error)],
    )),
    ...telling.wrong,
  ];
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  if (failed.length > 0) {
    process.stderr.write(`\nThis is wrong:\n${failed.map((what) => `   ${what}\n`).join('')}`);
    return 1;
  }
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  say(`\nAll ${telling.checked()} checks hold; done in ${seconds} s, and nothing is left behind.`);
  return 0;
}

process.exit(await main());
