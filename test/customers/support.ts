/** The customers' routes behind real HTTP and on a real store, for callers of any role; replies are held to the document. */
import { moveMergedCommunications } from '../../functions/bus/move-merged-communications.ts';
import { settleCommunicationHome } from '../../functions/bus/settle-communication.ts';
import { customerRoutes } from '../../functions/http/customers.ts';
import { startHost } from '../../infra/local/host.ts';
import { privilegesOf } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { factOf } from '../../shared/platform/facts.ts';
import { createPipeline } from '../../shared/platform/pipeline.ts';
import { runReaction } from '../../shared/platform/react.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { checkReply } from '../support/client.ts';

const customerReactions = [moveMergedCommunications, settleCommunicationHome];

/** A caller's say: who it is stands in its token. */
export interface Person {
  readonly orgId: string;
  readonly userId: string;
  readonly roles: readonly string[];
  readonly customerId?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read replies that are checked against the document
  readonly json: any;
}

export interface Ask {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly file?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}
export type Caller = (method: string, path: string, ask?: Ask) => Promise<Answer>;

function tokenOf(person: Person): string {
  return Buffer.from(JSON.stringify(person)).toString('base64url');
}

function actorOf(token: string): Actor {
  try {
    const person = JSON.parse(Buffer.from(token, 'base64url').toString()) as Person;
    const common = { kind: 'user', username: 'someone', displayName: 'Someone', sessionId: 's' } as const;
    return { ...common, ...person, privileges: privilegesOf(person.roles) };
  } catch {
    throw new Refusal('unauthenticated', 'The token is not valid.');
  }
}

/** A caller with a token. `path` is a route's, `customers/{customerId}`, with `params` for its braces. */
export function callerAt(origin: string, token: string): Caller {
  return async (method, path, { params = {}, query = {}, body, file, headers = {} } = {}) => {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
    const search = new URLSearchParams(query).toString();
    const form = new FormData();
    if (file !== undefined) form.set('file', new Blob([file as string]), 'file');
    const response = await fetch(`${origin}/api/${filled}${search && `?${search}`}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(file === undefined ? {} : { body: form }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await checkReply(method, `/api/${path}`, response);
    const text = await response.text();
    const json: unknown = (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, json };
  };
}

let people = 0;
export function newId(): string {
  people += 1;
  return `0193b0a0-7c1e-7000-8000-${String(people).padStart(12, '0')}`;
}

export async function customerHost(platform: Platform) {
  const pipeline = createPipeline(platform, { authenticate: async (token) => actorOf(token) });
  const host = await startHost({ routes: customerRoutes, pipeline, host: '127.0.0.1', port: 0 });
  return {
    origin: host.origin,
    close: () => host.close(),
    /** A caller in an organization of its own, an admin unless told otherwise. */
    caller(person: Partial<Person> = {}): Caller {
      return callerAt(host.origin, tokenOf({ orgId: newId(), userId: newId(), roles: ['admin'], ...person }));
    },
  };
}

/** Runs the customers' reactions to all facts from a place in the feed on; answers with the place it came to. */
export async function react(platform: Platform, from?: string): Promise<string | undefined> {
  let place = from;
  for (let more = true; more; ) {
    more = false;
    for await (const { document, position } of platform.store.changes('customers', place)) {
      place = position;
      more = true;
      if (document.kind !== 'fact') continue;
      const fact = factOf(document);
      for (const reaction of customerReactions) {
        if (reaction.on.includes(fact.type)) await runReaction(platform, reaction, fact);
      }
    }
  }
  return place;
}

export const someone = {
  name: 'Blue Door Catering',
  type: 'smallBusiness',
  primaryEmail: 'hello@bluedoor.example',
  primaryPhone: '+44 20 7946 0018',
} as const;

export const address = {
  kind: 'billing',
  line1: '1 High Street',
  city: 'London',
  postalCode: 'SW1A 1AA',
  country: 'GB',
} as const;
