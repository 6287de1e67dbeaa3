/** Real HTTP over any platform, for callers who are told to be somebody: nobody signs in, all else is as it is. */
import { routes } from '../../functions/registry.ts';
import { startHost } from '../../infra/local/host.ts';
import { type BuiltInRole, builtInRoles } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { createPipeline } from '../../shared/platform/pipeline.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { checkReply } from './client.ts';

// biome-ignore lint/suspicious/noExplicitAny: replies are held against the document; tests look at some of their fields
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed, when it is JSON. */
  readonly body: Body;
}

/** What became of a request: its status, or why it was refused: the rule, else the code. */
export function brief({ status, body }: Answer): number | string {
  return status < 400 ? status : (body.rule ?? body.type.split(':').at(-1));
}

type Texts = Readonly<Record<string, string>>;

interface Ask {
  /** For the braces of the path. */
  readonly params?: Texts;
  readonly query?: Texts;
  readonly body?: unknown;
  readonly file?: string | Uint8Array;
  readonly fileName?: string;
  readonly headers?: Texts;
}

/** Sends one request; `path` is after `/api/`, as a route has it or filled in. The reply is held against the document. */
export type Send = (method: string, path: string, ask?: Ask) => Promise<Answer>;

export interface Caller {
  readonly send: Send;
  get(path: string, headers?: Texts): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Texts): Promise<Answer>;
  put(path: string, body?: unknown, headers?: Texts): Promise<Answer>;
  patch(path: string, body: unknown, headers?: Texts): Promise<Answer>;
  delete(path: string, headers?: Texts): Promise<Answer>;
  upload(path: string, file: Uint8Array, fileName?: string): Promise<Answer>;
}

/** A caller with an access token. */
export function callerOf(origin: string, token: string): Caller {
  const send: Send = async (method, path, ask = {}) => {
    const { params = {}, query = {}, body, file, fileName = 'file', headers = {} } = ask;
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
    const search = new URLSearchParams(query).toString();
    const form = new FormData();
    const part = typeof file === 'string' ? file : new Uint8Array(file ?? []);
    if (file !== undefined) form.set('file', new Blob([part]), fileName);
    const response = await fetch(`${origin}/api/${filled}${search && `?${search}`}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(file !== undefined ? { body: form } : body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // `fields` trims what the document says is always there.
    if (!/[?&]fields=/.test(response.url)) await checkReply(method, templateOf(method, path), response);
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
  };
  return {
    send,
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: (path, body, headers = {}) => send('POST', path, { body, headers }),
    put: (path, body, headers = {}) => send('PUT', path, { body, headers }),
    patch: (path, body, headers = {}) => send('PATCH', path, { body, headers }),
    delete: (path, headers = {}) => send('DELETE', path, { headers }),
    upload: (path, file, fileName = 'photo.jpg') => send('POST', path, { file, fileName }),
  };
}

const templates = routes.map(({ method, path }) => ({
  method,
  path: `/api/${path}`,
  shape: new RegExp(`^/api/${path.replace(/\{\w+\}/g, '[^/]+')}$`),
}));

/** An address as the document writes it; literal segments before parameters. */
function templateOf(method: string, path: string): string {
  const plain = `/api/${path.split('?')[0]}`;
  const same = templates.filter((one) => one.method === method);
  return (same.find((one) => one.path === plain) ?? same.find((one) => one.shape.test(plain)))?.path ?? plain;
}

/** Somebody of a built-in role, unless told otherwise. */
export function someoneOf(orgId: string, role: BuiltInRole, more: Partial<Actor> = {}): Actor {
  return {
    kind: 'user',
    userId: systemIds.next(),
    orgId,
    username: `${role}@example.com`,
    displayName: `The ${role}`,
    sessionId: 'session',
    roles: [role],
    privileges: new Set(builtInRoles[role]),
    ...more,
  };
}

/** A caller, and who it is taken for. */
export interface Person extends Caller {
  readonly actor: Actor;
}

interface CallerHost {
  readonly origin: string;
  /** A caller whom the host takes for this actor. */
  as(actor: Actor): Person;
  close(): Promise<void>;
}

/** Every route over a platform. */
export async function callerHost(platform: Platform): Promise<CallerHost> {
  const actors = new Map<string, Actor>();
  const pipeline = createPipeline(platform, {
    async authenticate(token) {
      const actor = actors.get(token);
      if (!actor) throw new Refusal('unauthenticated', 'The token is not valid.');
      return actor;
    },
  });
  const host = await startHost({ routes, pipeline, host: '127.0.0.1', port: 0 });
  return {
    origin: host.origin,
    as(actor) {
      const token = `token-${actors.size}`;
      actors.set(token, actor);
      return { actor, ...callerOf(host.origin, token) };
    },
    close: () => host.close(),
  };
}
