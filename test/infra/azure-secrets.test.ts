import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Making, makeSecrets } from '../../infra/azure/making.ts';
import { rotateOnAzure } from '../../infra/azure/rotating.ts';
import { openKeys } from '../../shared/identity/keys.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { closed, onFreePort } from '../support/servers.ts';

const APP = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app';
const REFERENCES = `${APP}/config/configreferences/appsettings`;

/** A vault and a manager of resources that speak as much of their protocols as is used. */
let server: Server;
let vault: Map<string, string>;
/** What is refused first: a status for each of the next requests. */
let refusals: number[];
/** How often the app still says that it has not read its references. */
let unread: number;
let asked: { readonly line: string; readonly token: string }[];
/** The set that the app runs with, whether it takes up another, and all it ran with. */
let taken: string;
let takesUp: boolean;
/** What the app does for each of the next requests while it starts anew. */
let starting: ('cut' | 'page')[];
let states: string[];
let said: string[];
let making: Making;

beforeEach(async () => {
  [vault, refusals, unread, asked, said] = [new Map(), [], 0, [], []];
  [taken, takesUp, states, starting] = ['{"keys":[]}', true, [], []];
  server = createServer(async (request, reply) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://here');
    asked.push({ line: `${request.method} ${pathname}`, token: request.headers.authorization ?? '' });
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = (status: number, value: object) => reply.writeHead(status).end(JSON.stringify(value));
    const refusal = refusals.shift();
    if (refusal !== undefined) return answer(refusal, { error: { code: 'Forbidden' } });
    const isOfApp = pathname.startsWith('/api/');
    if (!isOfApp && !searchParams.has('api-version')) return answer(400, {});
    const [, secret] = /^\/secrets\/([A-Za-z0-9-]{1,127})$/.exec(pathname) ?? [];
    const start = isOfApp && starting.shift();
    if (start === 'cut') return request.socket.destroy();
    if (start === 'page') return reply.writeHead(200).end('<html>Your app is starting</html>');
    if (pathname === '/api/identity/.well-known/jwks.json') return answer(200, { keys: JSON.parse(taken).keys });
    if (pathname === `${REFERENCES}/refresh` && request.method === 'POST') {
      if (takesUp) taken = vault.get('SIGNING-KEYS') ?? taken;
      states.push(taken);
      return reply.writeHead(200).end();
    }
    if (secret === undefined) return pathname === REFERENCES ? answer(200, references()) : answer(404, {});
    if (request.method === 'PUT') vault.set(secret, JSON.parse(body).value);
    const value = vault.get(secret);
    return value === undefined ? answer(404, {}) : answer(200, { value });
  });
  const { origin } = await onFreePort(server);
  const tokens = async (audience: string) => (audience === origin ? 'of-the-manager' : 'of-the-vault');
  const say = (line: string) => void said.push(line);
  making = { vault: `${origin}/`, app: APP, manager: origin, tokens, clock: systemClock, pause: 1, say };
});
afterEach(() => closed(server));

function references() {
  unread -= 1;
  const status = unread >= 0 ? 'SecretNotFound' : 'Resolved';
  return { value: [{ name: 'SIGNING_KEYS', properties: { status } }] };
}

test('the first time every secret is made, fit for use, and the app made to read them', async () => {
  await makeSecrets(making);
  expect([...vault.keys()].sort()).toEqual(['LINK-SECRET', 'SIGNING-KEYS']);
  const config = readConfig({ SIGNING_KEYS: vault.get('SIGNING-KEYS'), LINK_SECRET: vault.get('LINK-SECRET') });
  const keys = await openKeys(config, '/nowhere', systemClock);
  expect(await keys.published()).toHaveLength(1);
  expect(await keys.verifying((await keys.signing()).kid)).toBeDefined();
  expect(asked.slice(-2).map(({ line }) => line)).toEqual([`POST ${REFERENCES}/refresh`, `GET ${REFERENCES}`]);
  for (const { line, token } of asked) {
    expect(token).toBe(line.includes('/secrets/') ? 'Bearer of-the-vault' : 'Bearer of-the-manager');
  }
});

test('what is there stays, so that nobody is signed out by another deployment', async () => {
  await makeSecrets(making);
  const before = new Map(vault);
  await makeSecrets(making);
  expect(vault).toEqual(before);
  expect(said.slice(-3)).toEqual(['SIGNING-KEYS: is there', 'LINK-SECRET: is there', 'The app reads them all.']);
});

test('no two environments get the same', async () => {
  await makeSecrets(making);
  const first = new Map(vault);
  vault.clear();
  await makeSecrets(making);
  for (const [name, value] of first) expect(vault.get(name)).not.toBe(value);
});

test('the mail server is written each time it is given, and left as it is when not', async () => {
  await makeSecrets({ ...making, smtpUrl: 'smtps://user:one@mail.example' });
  await makeSecrets(making);
  expect(vault.get('SMTP-URL')).toBe('smtps://user:one@mail.example');
  await makeSecrets({ ...making, smtpUrl: 'smtps://user:two@mail.example' });
  expect(vault.get('SMTP-URL')).toBe('smtps://user:two@mail.example');
});

test('a role that is not known yet, a busy vault and an app that has not looked yet are waited for', async () => {
  refusals = [403, 403, 429, 503];
  unread = 3;
  await makeSecrets(making);
  expect(vault.size).toBe(2);
  expect(asked.filter(({ line }) => line.startsWith('POST'))).toHaveLength(4);
});

test('a secret that was deleted, a vault that stays shut and an app that cannot read are said, without any secret', async () => {
  const smtpUrl = 'smtps://user:hush@mail.example';
  refusals = [404, 409];
  await expect(makeSecrets({ ...making, smtpUrl })).rejects.toThrow('SIGNING-KEYS: it was deleted there');
  refusals = Array(99).fill(403);
  await expect(makeSecrets({ ...making, smtpUrl })).rejects.toThrow('it answers 403');
  refusals = [];
  unread = 99;
  const failure = await makeSecrets({ ...making, smtpUrl }).catch(String);
  expect(failure).toContain('cannot read SIGNING_KEYS');
  for (const secret of ['hush', ...vault.values()]) expect([failure, ...said].join('\n')).not.toContain(secret);
});

const kidsOf = (set: string) => (JSON.parse(set) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
const rotate = () => rotateOnAzure({ ...making, api: `${making.manager}/api`, settle: 1 });

test('a new key is known to every worker before it signs, and the old one goes on verifying', async () => {
  await makeSecrets(making);
  const [old] = kidsOf(vault.get('SIGNING-KEYS') ?? '');
  states = [];
  await rotate();
  const [first, second] = states.map(kidsOf);
  expect(first).toEqual([old, expect.any(String)]);
  expect(second).toEqual(first?.toReversed());
  expect(kidsOf(vault.get('SIGNING-KEYS') ?? '')).toEqual(second);
  expect(said.at(-1)).toBe(`Tokens are now signed with ${second?.[0]}; 1 older still verify, 0 dropped.`);
});

test('a key that the app does not take up never signs, and another try leaves a set that is fit for use', async () => {
  await makeSecrets(making);
  const [old] = kidsOf(vault.get('SIGNING-KEYS') ?? '');
  takesUp = false;
  await expect(rotate()).rejects.toThrow('does not publish the new set');
  expect(kidsOf(vault.get('SIGNING-KEYS') ?? '')[0]).toBe(old);
  takesUp = true;
  await rotate();
  const keys = await openKeys(readConfig({ SIGNING_KEYS: vault.get('SIGNING-KEYS') }), '/nowhere', systemClock);
  expect(await keys.verifying(old ?? '')).toBeDefined();
  expect((await keys.signing()).kid).not.toBe(old);
});

test('an app that starts anew meanwhile is waited for, whatever it answers or does not', async () => {
  await makeSecrets(making);
  starting = ['cut', 'page', 'cut'];
  await rotate();
  expect(said.at(-1)).toMatch(/^Tokens are now signed with /);
  expect(starting).toEqual([]);
});

test('where there is no set yet none is made', async () => {
  await expect(rotate()).rejects.toThrow('azd provision makes the first');
  expect(vault.size).toBe(0);
});
