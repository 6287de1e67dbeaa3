/** The load generator, a process of its own: standard input is the load as JSON, its measurements go to standard output. */
import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { bodyOf, type Posts } from './bodies.ts';

export interface Load {
  readonly origin: string;
  readonly token?: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second, spread evenly over the connections; left out, each sends the next as soon as it has its reply. */
  readonly rate?: number;
  /** Paths to GET, in turn; of each ten requests `writes` are POSTs. */
  readonly paths: readonly string[];
  readonly writes?: number;
  readonly post?: Posts;
}

export interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly failed: number;
}

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** The requests of a load, one after another. */
function requestsOf(load: Load): { get(): Asked; post(): Asked; next(): Asked } {
  const { post: posted, paths, writes = 0 } = load;
  let [asked, read, written] = [0, 0, posted?.offset ?? 0];
  function get(): Asked {
    read += 1;
    return { method: 'GET', path: paths[read % paths.length] ?? '/' };
  }
  function post(): Asked {
    if (!posted) throw new Error('The load has nothing to post');
    const body = bodyOf(posted, written);
    written += 1;
    return { method: 'POST', path: posted.path, body };
  }
  function next(): Asked {
    asked += 1;
    return asked % 10 < writes ? post() : get();
  }
  return { get, post, next };
}

function headersOf({ token }: Load): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

const JSON_TYPE = { 'content-type': 'application/json' };

interface Run {
  readonly times: number[];
  readonly requests: number;
  readonly failed: number;
}

/** Each connection sends the next request as soon as it has its reply. */
async function asFastAsItGoes(load: Load): Promise<Run> {
  const { get, post } = requestsOf(load);
  const headers = headersOf(load);
  const reading = {
    method: 'GET' as const,
    setupRequest: (one: autocannon.Request) => ({ ...one, path: get().path }),
  };
  const writing = {
    method: 'POST' as const,
    path: load.post?.path ?? '/',
    headers: { ...headers, ...JSON_TYPE },
    setupRequest: (one: autocannon.Request) => ({ ...one, body: post().body ?? '' }),
  };
  const times: number[] = [];
  const options: autocannon.Options = {
    url: load.origin,
    connections: load.connections,
    duration: load.seconds,
    headers,
    requests: [load.writes === 10 ? writing : reading],
    timeout: 30,
  };
  const result = await new Promise<autocannon.Result>((done, failed) => {
    const running = autocannon(options, (error: unknown, ended) => (error ? failed(error) : done(ended)));
    running.on('response', (_client, _status, _bytes, milliseconds) => times.push(milliseconds));
  });
  return { times, requests: result.requests.total, failed: result.non2xx + result.errors + result.timeouts };
}

/** Each connection sends at its own instants, whether or not the others have their replies, and waits for its own. */
async function atARate(load: Load, rate: number): Promise<Run> {
  const requests = requestsOf(load);
  const headers = headersOf(load);
  const { hostname, port } = new URL(load.origin);
  const times: number[] = [];
  let failed = 0;
  const send = (agent: Agent) =>
    new Promise<void>((done) => {
      const { method, path, body } = requests.next();
      const startedAt = performance.now();
      const fail = () => {
        failed += 1;
        done();
      };
      const sent = request(
        { agent, hostname, port, method, path, headers: body === undefined ? headers : { ...headers, ...JSON_TYPE } },
        (reply) => {
          reply.resume().on('error', fail);
          reply.on('end', () => {
            times.push(performance.now() - startedAt);
            if ((reply.statusCode ?? 500) > 299) failed += 1;
            done();
          });
        },
      );
      sent.on('error', fail);
      sent.end(body);
    });
  const interval = (1000 * load.connections) / rate;
  const startedAt = performance.now();
  const until = startedAt + load.seconds * 1000;
  async function connection(at: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let due = startedAt + (interval * at) / load.connections;
    for (; due < until; due += interval) {
      await sleep(Math.max(0, due - performance.now()));
      await send(agent);
    }
    agent.destroy();
  }
  await Promise.all(Array.from({ length: load.connections }, (_, at) => connection(at)));
  return { times, requests: times.length, failed };
}

async function measured(load: Load): Promise<Measured> {
  const startedAt = performance.now();
  const { times, requests, failed } = await (load.rate === undefined ? asFastAsItGoes(load) : atARate(load, load.rate));
  times.sort((a, b) => a - b);
  const percentile = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  return {
    requests,
    perSecond: (requests * 1000) / (performance.now() - startedAt),
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    failed,
  };
}

process.stdout.write(JSON.stringify(await measured((await json(process.stdin)) as Load)));
