/** From an address to its route, the same behind Azure Functions and behind the local host. */
import findMyWay from 'find-my-way';
import type { RawReply, RawRequest } from './http.ts';
import type { Pipeline } from './pipeline.ts';
import { Refusal } from './refusal.ts';
import type { Method, Route } from './route.ts';

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Answers any request; `params` of the request are found here. */
export type Dispatch = (request: RawRequest) => Promise<RawReply>;

/** Where they all are is told whoever has no address right: most of all who opens the bare one in a browser. */
function noAddress(): Refusal {
  return new Refusal('not_found', 'There is no such address. All are listed at /api/docs.');
}

/** 404 for addresses that are no route, 405 with `Allow` for methods they do not take, preflights; else the pipeline. */
export function dispatcher(routes: readonly Route[], pipeline: Pipeline): Dispatch {
  const router = findMyWay<findMyWay.HTTPVersion.V1>({ ignoreTrailingSlash: true, maxParamLength: 2048 });
  for (const route of routes) {
    router.on(route.method, `/api/${route.path.replace(/\{(\w+)\}/g, ':$1')}`, () => undefined, route);
  }
  return async (request) => {
    const { path } = request;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const known = METHODS.find((candidate) => candidate === method);
    const found = known && router.find(known, path);
    if (found) {
      const params = found.params as Record<string, string>;
      return pipeline.serve(found.store as Route, { ...request, method, params });
    }
    const methods = METHODS.flatMap((candidate) => {
      if (!router.find(candidate, path)) return [];
      return candidate === 'GET' ? ['GET', 'HEAD'] : [candidate];
    });
    if (methods.length === 0) return pipeline.refuse(request, noAddress());
    if (method === 'OPTIONS') return pipeline.preflight(request, [...methods, 'OPTIONS']);
    const allow = methods.join(', ');
    return pipeline.refuse(request, new Refusal('method_not_allowed', `This address takes ${allow}.`, { allow }));
  };
}
