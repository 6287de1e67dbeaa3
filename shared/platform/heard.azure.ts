/** What the SDK's requests meet on the way: charges, statuses and waits that the SDK itself does not pass on. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { HttpClient, PipelineRequest } from '@azure/core-rest-pipeline';
import { isUnknown } from './store.azure.wire.ts';

/** About one call of the SDK, which may be several requests. */
export interface Heard {
  /** How many of them the service may have done without saying so. */
  lost: number;
  /** Of the last reply; undefined when the last request had none. */
  status: number | undefined;
  /** Of the last reply; what tells one 404 from another. */
  substatus: number | undefined;
  /** Milliseconds that the last reply asks the caller to wait. */
  retryAfterMs: number | undefined;
}

const hearing = new AsyncLocalStorage<{ readonly heard: Heard; readonly until: AbortSignal | undefined }>();

/** Runs a call of the SDK; `heard` is filled while it runs; `until` ends the request on its way, and none begins after it. */
export function hear<T>(heard: Heard, until: AbortSignal, call: () => Promise<T>): Promise<T> {
  return hearing.run({ heard, until }, call);
}

export function nothingHeard(): Heard {
  return { lost: 0, status: undefined, substatus: undefined, retryAfterMs: undefined };
}

/** The SDK's own way to the network, listened to: `onCharge` is told the request units of each reply, refused or not. */
export async function heardClient(onCharge: ((requestUnits: number) => void) | undefined): Promise<HttpClient> {
  const { createDefaultHttpClient } = await import('@azure/core-rest-pipeline');
  const client = createDefaultHttpClient();
  return {
    async sendRequest(request) {
      const { heard, until } = hearing.getStore() ?? { heard: nothingHeard(), until: undefined };
      // The SDK takes no signal for its change feed, and without one tries on and on.
      heard.status = undefined;
      heard.substatus = undefined;
      if (until?.aborted) throw new Error('The time for the call is over');
      heard.lost += 1;
      heard.retryAfterMs = undefined;
      if (until) request.abortSignal = either(request.abortSignal, until);
      const reply = await client.sendRequest(request);
      heard.status = reply.status;
      if (!isUnknown(reply.status)) heard.lost -= 1;
      heard.substatus = numberIn(reply.headers.get('x-ms-substatus'));
      heard.retryAfterMs = numberIn(reply.headers.get('x-ms-retry-after-ms'));
      const requestUnits = numberIn(reply.headers.get('x-ms-request-charge'));
      if (requestUnits) onCharge?.(requestUnits);
      return reply;
    },
  };
}

/** Aborted when one of them is. */
function either(one: PipelineRequest['abortSignal'], other: AbortSignal): AbortSignal {
  return one instanceof AbortSignal ? AbortSignal.any([one, other]) : other;
}

function numberIn(header: string | undefined): number | undefined {
  const number = Number(header ?? Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}
