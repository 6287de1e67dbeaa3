/** The vault of an environment, and the app that reads it: secrets are read, written, and taken up by the app. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Clock, SECOND, systemClock } from '../../shared/platform/clock.ts';
import { MANAGER, type Tokens, tokensOf } from './azd.ts';

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

const VAULT = 'https://vault.azure.net';
const VAULT_API = 'api-version=7.4';
const SITE_API = 'api-version=2022-03-01';
const TRIES = 60;

/** What the vault holds; it allows letters, digits and hyphens in a name. */
export const SECRETS = { signingKeys: 'SIGNING-KEYS', linkSecret: 'LINK-SECRET', smtpUrl: 'SMTP-URL' } as const;

/** Of azd's environment. */
const Given = z.object({
  AZURE_KEY_VAULT_ENDPOINT: z.url({ protocol: /^https$/ }),
  AZURE_FUNCTION_APP_ID: z.string().startsWith('/subscriptions/'),
  AZURE_TENANT_ID: z.string().min(1),
});
const Secret = z.object({ value: z.string() });
const References = z.object({
  value: z.array(z.object({ name: z.string(), properties: z.object({ status: z.string() }) })),
});

/** The vault and the app of azd's environment; throws, naming what it does not say. */
export function vaultedIn(environment: Readonly<Record<string, string | undefined>>): Vaulted {
  const given = Given.parse(environment);
  return {
    vault: given.AZURE_KEY_VAULT_ENDPOINT,
    app: given.AZURE_FUNCTION_APP_ID,
    manager: MANAGER,
    tokens: tokensOf(given.AZURE_TENANT_ID),
    clock: systemClock,
    pause: 10 * SECOND,
    say: (line) => void process.stdout.write(`${line}\n`),
  };
}

/** The value of a secret; undefined when there is none. */
export async function fromVault(vaulted: Vaulted, name: string): Promise<string | undefined> {
  const reply = await patiently(vaulted, () => ask(vaulted, VAULT, secretAt(vaulted, name)));
  if (reply.status === 404) return undefined;
  if (reply.status === 200) return Secret.parse(await reply.json()).value;
  throw new Error(`The vault does not say whether it has ${name}: it answers ${reply.status}`);
}

/** Makes the secret, or a new version of it. */
export async function intoVault(vaulted: Vaulted, name: string, value: string): Promise<void> {
  const { status } = await patiently(vaulted, () => ask(vaulted, VAULT, secretAt(vaulted, name), 'PUT', { value }));
  if (status === 200) return;
  const why = status === 409 ? 'it was deleted there and must first be recovered or purged' : `it answers ${status}`;
  throw new Error(`The vault does not take ${name}: ${why}`);
}

/** Has the app look again until every reference of its settings is resolved. */
export async function takenUp(vaulted: Vaulted): Promise<void> {
  const { manager, app, pause } = vaulted;
  const references = `${manager}${app}/config/configreferences/appsettings`;
  const answered = async (url: string, method: string) => {
    const reply = await patiently(vaulted, () => ask(vaulted, manager, `${url}?${SITE_API}`, method));
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
