/** What telemetry weighs: an endpoint of our own is told everything, as Application Insights would be. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { listening } from '../telemetry.ts';

/** Items and their bytes, uncompressed as JSON: about what Log Analytics bills. */
export interface Told {
  readonly items: number;
  readonly bytes: number;
}

interface Envelope {
  readonly tags: Readonly<Record<string, string>>;
  readonly data: {
    readonly baseType: string;
    readonly baseData: {
      readonly name?: string;
      readonly metrics?: readonly { readonly name: string }[];
      readonly properties?: object;
    };
  };
}

export interface Listener {
  readonly connectionString: string;
  /** What was told in a trace, by its id. */
  ofTrace(traceId: string): Told;
  /** What was told in the last trace that begins with a span of this name. */
  ofLast(name: string): Told;
  /** One export of every metric that was touched. */
  ofMetrics(): Told;
  close(): void;
}

/** Listens until it is closed; the answers are complete once the telemetry has stopped. */
export async function listener(): Promise<Listener> {
  const envelopes: Envelope[] = [];
  const server = createServer((request, reply) => {
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
    text(body)
      .then((json) => {
        const told = JSON.parse(json) as Envelope[];
        envelopes.push(...told);
        reply.end(JSON.stringify({ itemsReceived: told.length, itemsAccepted: told.length, errors: [] }));
      })
      .catch(() => reply.writeHead(500).end());
  });
  const connectionString = await listening(server);
  const isMetric = ({ data }: Envelope) => data.baseType === 'MetricData';
  const traceOf = ({ tags }: Envelope) => tags['ai.operation.id'] ?? '';
  const ofTrace = (id: string) => weight(envelopes.filter((one) => !isMetric(one) && traceOf(one) === id));
  return {
    connectionString,
    ofTrace,
    ofLast(name) {
      const last = envelopes.findLast(({ data }) => data.baseData.name === name);
      return ofTrace(last ? traceOf(last) : '');
    },
    ofMetrics() {
      // Exported every minute: of several exports the same metric counts once.
      const series = envelopes.filter(isMetric).map((one): [string, Envelope] => {
        const { metrics, properties } = one.data.baseData;
        return [JSON.stringify([metrics?.[0]?.name, properties]), one];
      });
      return weight([...new Map(series).values()]);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function weight(envelopes: readonly Envelope[]): Told {
  const bytes = envelopes.reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(one)), 0);
  return { items: envelopes.length, bytes };
}
