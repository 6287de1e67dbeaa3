/**
 * A proxy before Cosmos DB that fails as networks and a busy service do, and records what went over it. It stands before
 * the gateway of these tests as well as before an account or the official emulator.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { closed, onFreePort } from '../servers.ts';
import { accountAt } from './forms.ts';

/** What is asked for. */
type Kind = 'read' | 'query' | 'plan' | 'batch' | 'changes' | 'other';

type Fault =
  /** The connection breaks before the service has the request. */
  | 'lost request'
  /** The service has done it; the connection breaks before its reply. */
  | 'lost reply'
  /** The service never gets it; nobody answers. */
  | 'silence'
  /** The service has done it; its reply never comes. */
  | 'silence after'
  /** It reaches the service so many milliseconds after the client has given up waiting. */
  | { readonly late: number }
  /** Answered here, in the place of the service; with `done` it has done it all the same. */
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
      readonly done?: boolean;
    };

interface Passed {
  readonly kind: Kind;
  readonly fault: Fault | undefined;
  readonly status: number | undefined;
  /** Of the service's reply. */
  readonly requestUnits: number;
  readonly tokenSent: string | undefined;
  readonly tokenReceived: string | undefined;
}

export interface FaultProxy {
  readonly endpoint: string;
  /** What went over it, in the order of the replies. */
  readonly passed: Passed[];
  /** The next so many requests of a kind fail, in one way. */
  fail(kind: Kind, fault: Fault, times?: number): void;
  /** No more of that. */
  heal(): void;
  /** Runs once the next request of a kind has met its fate, before the client hears of it. */
  meanwhile(kind: Kind, work: () => Promise<unknown>): void;
  /** Read replies lose what tells who wrote a document, until it is healed: the guard switched off. */
  blind(): void;
  close(): Promise<void>;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const faults: { readonly kind: Kind; readonly fault: Fault }[] = [];
  const works: { readonly kind: Kind; readonly work: () => Promise<unknown> }[] = [];
  const passed: Passed[] = [];
  let isBlind = false;

  function due<T extends { readonly kind: Kind }>(list: T[], kind: Kind): T | undefined {
    const at = list.findIndex((one) => one.kind === kind);
    return at === -1 ? undefined : list.splice(at, 1)[0];
  }

  const server = createServer((request, response) => {
    const kind = kindOf(request);
    const fault = due(faults, kind)?.fault;
    const cut = () => void request.socket.destroy();
    const record = (reply: Response | undefined) =>
      passed.push({
        kind,
        fault,
        status: reply?.status,
        requestUnits: Number(reply?.headers.get('x-ms-request-charge') ?? 0),
        tokenSent: request.headers['x-ms-session-token']?.toString(),
        tokenReceived: reply?.headers.get('x-ms-session-token') ?? undefined,
      });
    async function handle(): Promise<void> {
      const body = await buffer(request);
      const isLate = typeof fault === 'object' && 'late' in fault;
      if (isLate) {
        await once(request.socket, 'close');
        await sleep(fault.late);
      }
      const isAnswered = typeof fault === 'object' && 'status' in fault;
      const isKept = fault === 'lost request' || fault === 'silence' || (isAnswered && !fault.done);
      const reply = isKept ? undefined : await passOn(request, body);
      const content = reply && Buffer.from(await reply.arrayBuffer());
      record(reply);
      await due(works, kind)?.work();
      if (fault === 'silence' || fault === 'silence after' || isLate) return;
      if (fault === 'lost request' || fault === 'lost reply') return cut();
      if (isAnswered) {
        response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
        response.end(JSON.stringify(fault.body ?? { code: String(fault.status), message: 'A fault' }));
      } else if (reply && content) {
        response.writeHead(reply.status, answerHeaders(reply));
        response.end(edited(request, kind, content));
      }
    }
    handle().catch(cut);
  });

  function passOn(request: IncomingMessage, body: Buffer): Promise<Response> {
    return fetch(target.replace(/\/$/, '') + request.url, {
      method: request.method ?? 'GET',
      headers: headersOf(request),
      ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
    });
  }

  /** The account's reply names this proxy as its address, or the client would go past it. */
  function edited(request: IncomingMessage, kind: Kind, content: Buffer): Buffer | string {
    if (request.url?.replace(/\/+/g, '/') === '/')
      return JSON.stringify(accountAt(endpoint, JSON.parse(content.toString())));
    if (isBlind && kind === 'read') return content.toString().replace(/"commitId":"[^"]*"/, '"commitId":""');
    return content;
  }

  const { origin: endpoint } = await onFreePort(server);
  return {
    endpoint,
    passed,
    fail(kind, fault, times = 1) {
      for (let n = 0; n < times; n += 1) faults.push({ kind, fault });
    },
    heal() {
      faults.length = 0;
      works.length = 0;
      isBlind = false;
    },
    meanwhile(kind, work) {
      works.push({ kind, work });
    },
    blind() {
      isBlind = true;
    },
    close: () => closed(server),
  };
}

function kindOf({ headers, method, url = '' }: IncomingMessage): Kind {
  if (headers['x-ms-cosmos-is-query-plan-request']) return 'plan';
  if (headers['x-ms-documentdb-isquery']) return 'query';
  if (headers['x-ms-cosmos-is-batch-request']) return 'batch';
  if (headers['a-im']) return 'changes';
  return method === 'GET' && /\/docs\/[^/]+$/.test(url) ? 'read' : 'other';
}

const HOP = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding', 'keep-alive']);

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !HOP.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

function answerHeaders(reply: Response): Record<string, string> {
  return Object.fromEntries([...reply.headers].filter(([name]) => !HOP.has(name) && name !== 'content-encoding'));
}
