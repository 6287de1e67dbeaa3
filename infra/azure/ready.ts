/** After `azd deploy`: waits until the app says that it is ready, or says what is not; then names what is left over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { reactions } from '../../functions/registry.ts';
import { MINUTE, SECOND } from '../../shared/platform/clock.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { command } from '../local/command.ts';
import { MANAGER, tokensOf } from './azd.ts';
import { straySubscriptions } from './strays.ts';

const PATIENCE = 10 * MINUTE;
const Given = z.object({
  SERVICE_API_URI: z.url(),
  AZURE_TENANT_ID: z.string().min(1),
  /** Left out: nothing is looked for. */
  AZURE_SERVICE_BUS_TOPIC_ID: z.string().startsWith('/subscriptions/').optional(),
});

async function main(): Promise<void> {
  const { SERVICE_API_URI: api, AZURE_TENANT_ID: tenant, AZURE_SERVICE_BUS_TOPIC_ID: id } = Given.parse(process.env);
  await untilReady(`${api}/health/ready`);
  process.stdout.write(`Marquee is ready at ${api}\n`);
  if (id === undefined) return;
  const declared = reactions.map(({ name }) => name);
  for (const name of await straySubscriptions({ id, manager: MANAGER, tokens: tokensOf(tenant) }, declared)) {
    process.stdout.write(`The subscription ${name} belongs to no reaction any more: delete it once it is empty.\n`);
  }
}

async function untilReady(url: string): Promise<void> {
  const began = performance.now();
  let last = 'nothing yet';
  while (performance.now() - began < PATIENCE) {
    try {
      const reply = await fetch(url, { signal: AbortSignal.timeout(30 * SECOND) });
      last = `${reply.status} ${await reply.text()}`;
      if (reply.ok) return;
    } catch (error) {
      last = messageOf(error);
    }
    await sleep(2 * SECOND);
  }
  throw new Error(`Marquee is not ready: ${url} answers ${last}`);
}

await command(main);
