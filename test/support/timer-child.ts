/** A process of its own that runs one timer every second and says each tick it ran. */
import { join } from 'node:path';
import { startTimers } from '../../infra/local/timers.ts';
import { timer } from '../../shared/platform/reaction.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import { childPlatform } from './child-platform.ts';

const [, , folder = ''] = process.argv;
const platform = childPlatform(folder, (clock) => openSqliteStore({ file: join(folder, 'marquee.db'), clock }));
const everySecond = timer({
  name: 'every-second',
  schedule: '* * * * * *',
  async handle(scope) {
    process.stdout.write(`${scope.now()}\n`);
  },
});
const scheduler = startTimers({ platform, timers: [everySecond] });
process.stdout.write('started\n');
process.once('SIGTERM', () => {
  void scheduler
    .stop()
    .then(() => platform.store.close())
    .then(() => process.exit());
});
