/** The people of `npm run demo`: each signs up, signs in and calls the API over HTTP as any client would. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { z } from 'zod';

const PASSWORD = 'sixteen-lanterns-in-a-row';
const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 100;

export interface Reply<T> {
  readonly status: number;
  readonly body: T;
}
/** What every reply may have; a call names what else it reads. */
export interface Problem {
  readonly detail?: string;
}

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly userId: string;
  /** Throws, with what the API said, unless the status is the one expected (any 2xx when left out). */
  call<T>(method: string, path: string, body?: unknown, status?: number): Promise<T>;
}

export interface Message {
  readonly type: string;
  readonly data: { readonly title?: string; readonly total?: number };
}
export interface Socket {
  readonly received: readonly Message[];
  close(): void;
}

const Outbox = z.object({ to: z.string(), subject: z.string(), text: z.string() });
const Frame = z.object({ type: z.string(), data: z.unknown().optional() });

/** Looks again and again until there is something; throws when there is not in time. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = performance.now() + WAIT_MS; performance.now() < end; await sleep(LOOK_EVERY_MS)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} did not happen within ${WAIT_MS / 1000} s`);
}

export type Company = ReturnType<typeof companyAt>;

/** Everything that a client of the API at `origin` does; mail is read from the outbox in the data folder. */
export function companyAt(origin: string, folder: string) {
  async function call<T>(token: string | undefined, method: string, path: string, body: unknown, status?: number) {
    const response = await fetch(`${origin}/api/${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (status === undefined ? response.ok : response.status === status) return JSON.parse(text || '{}') as T;
    throw new Error(`${method} /api/${path} answered ${response.status}, not ${status ?? 'well'}: ${text}`);
  }

  /** All mail that was sent so far. */
  async function mails(): Promise<readonly Mail[]> {
    const outbox = join(folder, 'mail');
    const names = (await readdir(outbox).catch(() => [])).filter((name) => name.endsWith('.json'));
    return Promise.all(names.map(async (name) => Outbox.parse(JSON.parse(await readFile(join(outbox, name), 'utf8')))));
  }

  async function signIn(name: string, email: string): Promise<Person> {
    const given = { username: email, password: PASSWORD };
    const { accessToken, userId } = await call<{ accessToken: string; userId: string }>(
      ...([undefined, 'POST', 'identity/authenticate', given] as const),
    );
    return { name, email, userId, call: (method, path, body, status) => call(accessToken, method, path, body, status) };
  }

  return {
    mails,
    /** A new organization with its first user, an admin. */
    async signUp(name: string, email: string, organizationName: string): Promise<Person> {
      const passwords = { password: PASSWORD, confirmPassword: PASSWORD };
      const account = { username: email, email, displayName: name, organizationName, ...passwords };
      await call(undefined, 'POST', 'identity/register', account);
      return signIn(name, email);
    },
    /** Invited by mail; follows the link and signs in. */
    async join(admin: Person, name: string, email: string, role: string): Promise<Person> {
      await admin.call('POST', 'invitations', { email, roles: [role], displayName: name });
      const mail = await until(`The invitation to ${email}`, async () =>
        (await mails()).find(({ to }) => to === email),
      );
      const link = new URL(/https?:\S+/.exec(mail.text)?.[0] ?? '');
      const passwords = { password: PASSWORD, confirmPassword: PASSWORD };
      const account = { token: link.searchParams.get('token'), username: email, displayName: name, ...passwords };
      await call(undefined, 'POST', 'invitations/accept', account);
      return signIn(name, email);
    },
    /** Connects as Web PubSub's clients do, and keeps what arrives. */
    async listen(person: Person): Promise<Socket> {
      const { url } = await person.call<{ url: string }>('POST', 'realtime/negotiate');
      const socket = new WebSocket(url, 'json.webpubsub.azure.v1');
      const received: Message[] = [];
      let connected: true | undefined;
      socket.on('message', (bytes) => {
        const frame = Frame.parse(JSON.parse(String(bytes)));
        if (frame.type === 'system') connected = true;
        else received.push(frame.data as Message);
      });
      socket.on('error', () => undefined);
      await until('The connection to the socket', () => connected);
      return { received, close: () => socket.terminate() };
    },
  };
}
