/**
 * The secrets of an environment, made where they are missing: written to the vault and nowhere else. Then the app is made
 * to take them up, because it was provisioned before they were there and looks again only once a day.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { newKeySet } from '../../shared/identity/keys.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { secretText } from '../../shared/platform/random.ts';
import type { Tokens } from './azd.ts';

/** A vault, and the app that reads it. */
export interface Vaulted {
  /** `https://<name>.vault.azure.net/` */
  readonly vault: string;
  /** Resource id of the function app. */
  readonly app: string;
  /** `https://management.azure.com` */
  readonly manager: string;
  readonly tokens: Tokens;
  readonly clock: Clock;
  /** Milliseconds between tries: a role that was just given takes minutes to be known everywhere. */
  readonly pause: number;
  /** Told in words what was done; never a secret. */
  readonly say: (line: string) => void;
}

export interface Making extends Vaulted {
  /** Written as SMTP-URL, whatever is there; left out, the vault keeps what it has. */
  readonly smtpUrl?: string | undefined;
}

const VAULT = 'https://vault.azure.net';
const VAULT_API = 'api-version=7.4';
const SITE_API = 'api-version=2022-03-01';
const TRIES = 60;

/** Names as the vault allows them: letters, digits and hyphens. */
const LINK_SECRET = 'LINK-SECRET';
export const SIGNING_KEYS = 'SIGNING-KEYS';
const SMTP_URL = 'SMTP-URL';

const Secret = z.object({ value: z.string() });
const References = z.object({
  value: z.array(z.object({ name: z.string(), properties: z.object({ status: z.string() }) })),
});

/** Throws, naming what is wrong but no value, when the vault refuses or the app cannot read what it was given. */
export async function makeSecrets(making: Making): Promise<void> {
  const { say, clock, smtpUrl } = making;
  const wanted: readonly (readonly [name: string, make: () => Promise<string>])[] = [
    [SIGNING_KEYS, () => newKeySet(clock)],
    [LINK_SECRET, async () => secretText(32)],
  ];
  for (const [name, make] of wanted) {
    if (await inVault(making, name)) {
      say(`${name}: is there`);
      continue;
    }
    await write(making, name, await make());
    say(`${name}: made`);
  }
  if (smtpUrl !== undefined) {
    await write(making, SMTP_URL, smtpUrl);
    say(`${SMTP_URL}: written`);
  }
  await takenUp(making);
  say('The app reads them all.');
}

async function inVault(making: Making, name: string): Promise<boolean> {
  return (await fromVault(making, name)) !== undefined;
}

/** The value of a secret; undefined when there is none. */
export async function fromVault(making: Vaulted, name: string): Promise<string | undefined> {
  const reply = await patiently(making, () => ask(making, VAULT, secretAt(making, name)));
  if (reply.status === 404) return undefined;
  if (reply.status === 200) return Secret.parse(await reply.json()).value;
  throw new Error(`The vault does not say whether it has ${name}: it answers ${reply.status}`);
}

export async function write(making: Vaulted, name: string, value: string): Promise<void> {
  const { status } = await patiently(making, () => ask(making, VAULT, secretAt(making, name), 'PUT', { value }));
  if (status === 200) return;
  const why = status === 409 ? 'it was deleted there and must first be recovered or purged' : `it answers ${status}`;
  throw new Error(`The vault does not take ${name}: ${why}`);
}

/** Has the app look again until every reference of its settings is resolved. */
export async function takenUp(making: Vaulted): Promise<void> {
  const { manager, app, pause } = making;
  const references = `${manager}${app}/config/configreferences/appsettings`;
  const answered = async (url: string, method: string) => {
    const reply = await patiently(making, () => ask(making, manager, `${url}?${SITE_API}`, method));
    if (!reply.ok) throw new Error(`The app does not say whether it reads its secrets: the answer is ${reply.status}`);
    return reply;
  };
  let unread: string[] = [];
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) await sleep(pause);
    await (await answered(`${references}/refresh`, 'POST')).arrayBuffer();
    const { value } = References.parse(await (await answered(references, 'GET')).json());
    unread = value.filter(({ properties }) => properties.status !== 'Resolved').map(({ name }) => name);
    if (unread.length === 0) return;
  }
  throw new Error(`The app cannot read ${unread.join(', ')} from the vault`);
}

function secretAt({ vault }: Vaulted, name: string): string {
  return `${vault.replace(/\/$/, '')}/secrets/${name}?${VAULT_API}`;
}

async function ask(
  { tokens }: Vaulted,
  audience: string,
  url: string,
  method = 'GET',
  body?: object,
): Promise<Response> {
  const authorization = `Bearer ${await tokens(audience)}`;
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(url, { method, headers: { authorization, 'content-type': 'application/json' }, ...json });
}

/** Tries again while the role is not known yet, or the service is busy or failing. */
async function patiently({ pause }: Vaulted, work: () => Promise<Response>): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const reply = await work();
    const passing = reply.status === 403 || reply.status === 429 || reply.status >= 500;
    if (!passing || attempt >= TRIES) return reply;
    await reply.arrayBuffer();
    await sleep(pause);
  }
}
