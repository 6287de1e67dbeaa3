/** A process of its own that rings bells, relays and reacts, says each ring once it is committed, and is then killed. */
import { join } from 'node:path';
import { startRelay } from '../../infra/local/relay.ts';
import type { ContainerName } from '../../shared/platform/containers.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import { countRings, ring } from './bells.ts';
import { childPlatform } from './child-platform.ts';

const [, , folder = '', ...bellIds] = process.argv;
let wake: (container: ContainerName) => void = () => {};
const platform = childPlatform(folder, (clock) =>
  openSqliteStore({
    file: join(folder, 'marquee.db'),
    clock,
    onCommit: (changed) => {
      for (const container of changed) wake(container);
    },
  }),
);
const relay = startRelay({ platform, reactions: [countRings], folder, poll: 20 });
wake = relay.wake;
await Promise.all(
  bellIds.map(async (id) => {
    for (;;) {
      await ring(platform, id);
      process.stdout.write(`${id}\n`);
    }
  }),
);
