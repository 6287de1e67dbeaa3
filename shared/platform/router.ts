/** From an address to its route, the same behind Azure Functions and behind the local host. */
import findMyWay from 'find-my-way';
import { grouped } from './grouped.ts';
import type { RawReply, RawRequest } from './http.ts';
import type { Pipeline } from './pipeline.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/** Answers any request; `params` of the request are found here. */
export type Dispatch = (request: RawRequest) => Promise<RawReply>;

/** Where they all are is told whoever has no address right: most of all who opens the bare one in a browser. */
function noAddress(): Refusal {
  return new Refusal('not_found', 'There is no such address. All are listed at /api/docs.');
}

/** What an address takes. */
type Address = Map<string, Route>;

/**
 * 404 for addresses that are no route, 405 with `Allow` for methods they do not take, preflights; else the pipeline. A
 * literal address is never taken for one with an id, whatever the method.
 */
export function dispatcher(routes: readonly Route[], pipeline: Pipeline): Dispatch {
  // Addresses are found first, whatever the method: `GET` stands for all.
  const router = findMyWay<findMyWay.HTTPVersion.V1>({ ignoreTrailingSlash: true, maxParamLength: 2048 });
  for (const [path, some] of grouped(routes, ({ path }) => path)) {
    const address: Address = new Map(some.map((route) => [route.method, route]));
    router.on('GET', `/api/${path.replace(/\{(\w+)\}/g, ':$1')}`, () => undefined, address);
  }
  return async (request) => {
    const found = router.find('GET', request.path);
    if (!found) return pipeline.refuse(request, noAddress());
    const address = found.store as Address;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = address.get(method);
    if (route) {
      const params = found.params as Record<string, string>;
      return pipeline.serve(route, { ...request, method, params });
    }
    const methods = [...address.keys()].flatMap((taken) => (taken === 'GET' ? ['GET', 'HEAD'] : [taken]));
    if (method === 'OPTIONS') return pipeline.preflight(request, [...methods, 'OPTIONS']);
    const allow = methods.join(', ');
    return pipeline.refuse(request, new Refusal('method_not_allowed', `This address takes ${allow}.`, { allow }));
  };
}
