/** The whole system in a process of its own, to be killed: `npm start` without its words, by a clock that runs ahead. */
import { startLocal } from '../../infra/local/compose.ts';
import { instantOf } from '../../shared/platform/clock.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { openLog } from '../../shared/platform/log.pino.ts';

/** Milliseconds that the clock is ahead, so that leases and holds run out within a test. */
const ahead = Number(process.env.CLOCK_AHEAD ?? 0);
const config = readConfig(process.env);
const local = await startLocal({
  config,
  clock: { now: () => instantOf(Date.now() + ahead) },
  log: openLog('error', `${config.DATA_DIR}/marquee.log`),
});
process.once('SIGTERM', () => {
  local.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
process.stdout.write(`Marquee is ready at ${local.host.origin}\n`);
