/**
 * A new signing key on Azure, in two steps: first every worker knows it, then it signs. In one step the workers that still
 * run with the old set would refuse the tokens of those that have the new one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { rotatedSet } from '../../shared/identity/keys.ts';
import { fromVault, intoVault, SECRETS, takenUp, type Vaulted } from './vault.ts';

export interface Rotating extends Vaulted {
  /** `https://<app>.azurewebsites.net/api` */
  readonly api: string;
  /** Milliseconds until the last worker of before is gone, once a new one has answered. */
  readonly settle: number;
}

const TRIES = 60;
/** Milliseconds that one answer may take. */
const PATIENCE = 30_000;
const Published = z.object({ keys: z.array(z.object({ kid: z.string() })) });

/** Throws, naming no key, when there is no set yet or the app does not take up a step; the command may be run again. */
export async function rotateOnAzure(rotating: Rotating): Promise<void> {
  const { clock, say, settle } = rotating;
  const text = await fromVault(rotating, SECRETS.signingKeys);
  if (text === undefined) throw new Error(`The vault has no ${SECRETS.signingKeys}: azd provision makes the first.`);
  const { ahead, next, kid, kept, dropped } = await rotatedSet(text, SECRETS.signingKeys, clock);
  await step(rotating, ahead, (kids) => kids.includes(kid));
  say(`${kid} is known; in a while it will sign`);
  await sleep(settle);
  await step(rotating, next, ([first]) => first === kid);
  say(`Tokens are now signed with ${kid}; ${kept} older still verify, ${dropped} dropped.`);
}

/** Writes a set and waits until the app publishes it. */
async function step(rotating: Rotating, set: string, isThere: (kids: readonly string[]) => boolean): Promise<void> {
  const { pause } = rotating;
  await intoVault(rotating, SECRETS.signingKeys, set);
  await takenUp(rotating);
  for (let tries = 1; tries <= TRIES; tries += 1) {
    if (isThere(await published(rotating))) return;
    await sleep(pause);
  }
  throw new Error('The app does not publish the new set: the vault has it, restart the app and run this again.');
}

/** The ids of the keys that the app publishes; none while it starts anew, when it answers with anything or not at all. */
async function published({ api }: Rotating): Promise<string[]> {
  try {
    const reply = await fetch(`${api}/identity/.well-known/jwks.json`, { signal: AbortSignal.timeout(PATIENCE) });
    return Published.parse(await reply.json()).keys.map(({ kid }) => kid);
  } catch {
    return [];
  }
}
