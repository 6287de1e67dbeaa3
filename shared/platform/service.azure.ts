/** What a failed call to a service of Azure means to whoever asked for it. */
import { Refusal } from './refusal.ts';

/** What the SDKs throw when a service failed, was not reached, or was given up. */
const OF_THE_SERVICE = ['RestError', 'AbortError', 'TimeoutError'];

/**
 * Makes the calls to one service: one that cannot be reached, is too busy or fails is `unavailable`; anything else is a
 * bug and stays one. `what` begins the sentence that the caller reads: `Pictures`.
 */
export function callsTo(what: string): <T>(call: () => Promise<T>) => Promise<T> {
  return async (call) => {
    try {
      return await call();
    } catch (error) {
      const status = statusOf(error);
      const service = error instanceof Error && OF_THE_SERVICE.includes(error.name);
      if (!service || (status !== undefined && status < 500 && status !== 408 && status !== 429)) throw error;
      const refusal = new Refusal('unavailable', `${what} cannot be reached just now.`, { retryAfter: 5 });
      throw Object.assign(refusal, { cause: error });
    }
  };
}

/** The HTTP status in an SDK's error; undefined where there was no reply. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}
