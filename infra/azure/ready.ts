/** After `azd deploy`: waits until the app says that it is ready, or says what is not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { MINUTE, SECOND } from '../../shared/platform/clock.ts';
import { messageOf } from '../../shared/platform/errors.ts';

const PATIENCE = 10 * MINUTE;
const Given = z.object({ SERVICE_API_URI: z.url() });

async function main(): Promise<void> {
  const url = `${Given.parse(process.env).SERVICE_API_URI}/health/ready`;
  const began = performance.now();
  let last = 'nothing yet';
  while (performance.now() - began < PATIENCE) {
    try {
      const reply = await fetch(url, { signal: AbortSignal.timeout(30 * SECOND) });
      last = `${reply.status} ${await reply.text()}`;
      if (reply.ok) {
        process.stdout.write(`Marquee is ready at ${url.replace(/\/health\/ready$/, '')}\n`);
        return;
      }
    } catch (error) {
      last = messageOf(error);
    }
    await sleep(2 * SECOND);
  }
  throw new Error(`Marquee is not ready: ${url} answers ${last}`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
