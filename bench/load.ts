/** The load generator, a process of its own: `argv[2]` is the load as JSON, its measurements go to standard output. */
import autocannon from 'autocannon';

export interface Load {
  readonly origin: string;
  readonly token?: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second over all connections; left out, each connection sends the next as soon as it has its reply. */
  readonly rate?: number;
  /** Paths to GET, in turn; of each ten requests `writes` are POSTs. */
  readonly paths: readonly string[];
  readonly writes?: number;
  /** Bodies to POST to `postPath`: the template's `{n}` counts up, `{venue}`, `{customer}`, `{start}`, `{end}` follow it. */
  readonly post?: {
    readonly path: string;
    readonly body: Readonly<Record<string, unknown>>;
    readonly venues: readonly string[];
    readonly customers: readonly string[];
    /** Milliseconds since 1970 of the first slot; slots are two hours apart per venue. */
    readonly firstSlot: number;
    /** So that several loads of one run do not meet. */
    readonly offset: number;
  };
}

export interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly failed: number;
}

async function measured(load: Load): Promise<Measured> {
  let at = 0;
  let written = load.post?.offset ?? 0;
  const { post } = load;
  const slot = 2 * 3_600_000;
  function postBody(): string {
    if (!post) throw new Error('The load has nothing to post');
    const n = written;
    written += 1;
    const start = post.firstSlot + Math.floor(n / post.venues.length) * slot;
    const instant = (milliseconds: number) => new Date(milliseconds).toISOString();
    return JSON.stringify({
      ...post.body,
      title: `Load ${n}`,
      venueId: post.venues[n % post.venues.length],
      customerId: post.customers[n % post.customers.length],
      startsAt: instant(start),
      endsAt: instant(start + slot / 2),
    });
  }
  const headers = load.token === undefined ? {} : { authorization: `Bearer ${load.token}` };
  const reading = {
    method: 'GET' as const,
    setupRequest: (request: autocannon.Request) => {
      const path = load.paths[at % load.paths.length];
      at += 1;
      return { ...request, path: path ?? '/' };
    },
  };
  const writing = {
    method: 'POST' as const,
    path: post?.path ?? '/',
    headers: { ...headers, 'content-type': 'application/json' },
    setupRequest: (request: autocannon.Request) => ({ ...request, body: postBody() }),
  };
  const writes = load.writes ?? 0;
  const requests = Array.from({ length: 10 }, (_, n) => (n < writes ? writing : reading));
  const times: number[] = [];
  const options: autocannon.Options = {
    url: load.origin,
    connections: load.connections,
    duration: load.seconds,
    headers,
    requests: writes === 0 ? [reading] : writes === 10 ? [writing] : requests,
    timeout: 30,
    ...(load.rate === undefined ? {} : { overallRate: load.rate }),
  };
  const result = await new Promise<autocannon.Result>((done, failed) => {
    const running = autocannon(options, (error: unknown, ended) => (error ? failed(error) : done(ended)));
    running.on('response', (_client, _status, _bytes, milliseconds) => times.push(milliseconds));
  });
  times.sort((a, b) => a - b);
  const percentile = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  return {
    requests: result.requests.total,
    perSecond: result.requests.average,
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    failed: result.non2xx + result.errors + result.timeouts,
  };
}

process.stdout.write(JSON.stringify(await measured(JSON.parse(process.argv[2] ?? '{}') as Load)));
