/** A process of its own that trusts who its environment says, and tells whether it reaches a Redis by a token. */
import { openRedis } from '../../shared/platform/redis.ts';

const [, , url = '', username = '', password = ''] = process.argv;
const quiet = () => {};
const warn = ({ reason }: Readonly<Record<string, unknown>>) => say(String(reason));
const log = { on: () => false, debug: quiet, info: quiet, warn, error: quiet };
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
const redis = openRedis({
  url,
  log,
  patience: 1000,
  credentials: async () => ({ username, password, renewAfter: 1e6 }),
});
await redis.ping().then(
  () => say('up'),
  () => say('away'),
);
await redis.close();
