/** A route is a value: registration, the local host, the OpenAPI document and the privilege tests derive from it. */
import * as z from 'zod';
import { type ListInput, type Listing, pageOf, querySchema } from './listing.ts';
import { patched, type Revise, replaced } from './merge-patch.ts';
import { atFirstUse } from './once.ts';
import type { RefusalCode } from './refusal.ts';
import type { Scope } from './scope.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** A privilege (`events:approve`), anyone signed in, or anyone at all. */
type Access = `${string}:${string}` | 'signedIn' | 'public';

/** A received file. It waits on disk, so that many at once do not fill the memory; the route bounds its size. */
export interface Upload {
  readonly fileName: string;
  /** Bytes. */
  readonly size: number;
  /** The whole file, in memory from then on. */
  read(): Promise<Uint8Array>;
}

export interface RequestFacts {
  /** The client's address, for limits and sessions. */
  readonly address: string;
  readonly userAgent: string;
  /** Where clients reach this API, without a slash at the end: `http://127.0.0.1:7071`. */
  readonly baseUrl: string;
}

export interface Reply<R = unknown> {
  readonly body?: R;
  /** Store etag of the single resource shown. */
  readonly etag?: string | undefined;
  /** Address of what was made, after `/api/`, e.g. `events/0193…`. Makes the status 201 on POST. */
  readonly location?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Raw content instead of JSON (CSV, assets); `headers` must give its content-type. */
  readonly content?: string | Uint8Array | AsyncIterable<Uint8Array | string>;
}

interface FileSpec {
  /** Most bytes of the file. */
  readonly limit: number;
}

export interface Route {
  readonly method: Method;
  /** After `/api/`, parameters in braces: `events/{eventId}/approve`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** For the document: the chapter's group, e.g. `Events`. */
  readonly tag: string;
  readonly access: Access;
  readonly params: z.ZodObject;
  readonly query: z.ZodType;
  readonly body: z.ZodType | undefined;
  /** How the body changes a resource: whole (`put`) or as a merge patch (`patch`). */
  readonly revises?: 'put' | 'patch';
  readonly file: FileSpec | undefined;
  readonly list: Listing | undefined;
  /** undefined: 204 without a body. */
  readonly reply: z.ZodType | undefined;
  readonly status: 200 | 201 | 202 | 204;
  /** Media type of the reply when it is not JSON. */
  readonly produces: string | undefined;
  /** Refusals of its own, beside those every route of its shape can give. */
  readonly refusals: readonly RefusalCode[];
  /** Which budget it spends: by default `signedIn` or `public`. */
  readonly budget: 'signedIn' | 'public' | 'upload' | 'none';
  /** `?access_token=` is taken too (REQ-AUTH-004). */
  readonly tokenInQuery: boolean;
  /** Whether replies may be kept by caches (no personal data in them). */
  readonly cacheable: boolean;
  /** Whether replies hold tokens: then none is kept for replay under an `Idempotency-Key`. */
  readonly secret: boolean;
  /** Whether a body of any kind may come with it, and is not looked at (one-click links in mail). */
  readonly anyBody: boolean;
  readonly handle: (input: RouteInput, scope: Scope) => Promise<Reply>;
}

interface RouteInput {
  readonly params: never;
  readonly query: never;
  readonly body: never;
  readonly file: never;
  readonly request: RequestFacts;
}

interface Common {
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly access: Access;
  readonly refusals?: readonly RefusalCode[];
  readonly budget?: Route['budget'];
  readonly tokenInQuery?: boolean;
  readonly cacheable?: boolean;
  readonly secret?: boolean;
  readonly anyBody?: boolean;
  readonly produces?: string;
  readonly status?: Route['status'];
}

type Input<P, Q, B> = {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: RequestFacts;
};
const nothing = z.strictObject({});
type Nothing = typeof nothing;

function statusOf(method: Method, reply: z.ZodType | undefined): Route['status'] {
  if (reply === undefined) return 204;
  return method === 'POST' ? 201 : 200;
}

/** Completes a definition into a `Route`. */
function complete(
  definition: Common & {
    readonly method: Method;
    readonly params?: z.ZodObject | undefined;
    readonly query?: z.ZodType | undefined;
    readonly body?: z.ZodType | undefined;
    readonly reply?: z.ZodType | undefined;
    readonly revises?: Route['revises'];
    readonly file?: FileSpec;
    readonly list?: Listing;
    readonly handle: unknown;
  },
): Route {
  const { method, reply } = definition;
  return {
    ...definition,
    params: definition.params ?? nothing,
    query: definition.query ?? nothing,
    body: definition.body,
    file: definition.file,
    list: definition.list,
    reply,
    status: definition.status ?? (definition.produces ? 200 : statusOf(method, reply)),
    produces: definition.produces,
    refusals: definition.refusals ?? [],
    budget: definition.budget ?? (definition.file ? 'upload' : definition.access === 'public' ? 'public' : 'signedIn'),
    tokenInQuery: definition.tokenInQuery ?? false,
    cacheable: definition.cacheable ?? false,
    secret: definition.secret ?? false,
    anyBody: definition.anyBody ?? false,
    handle: definition.handle as Route['handle'],
  };
}

/**
 * A plain route. POST with a reply answers 201 (give `status: 200` for steps and questions), no `reply` means 204,
 * everything else 200. A POST without `body` takes an empty body or `{}`.
 */
export function route<
  P extends z.ZodObject = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
  R extends z.ZodType = z.ZodUndefined,
>(
  definition: Common & {
    readonly method: Method;
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly reply?: R;
    handle(input: Input<z.output<P>, z.output<Q>, z.output<B>>, scope: Scope): Promise<Reply<z.input<R>>>;
  },
): Route {
  return complete(definition);
}

/** A list: GET with paging, sort, filters, search and `fields`, all from the listing. */
export function listRoute<I extends z.ZodType, P extends z.ZodObject = Nothing>(
  definition: Common & {
    readonly params?: P;
    readonly list: Listing;
    readonly item: I;
    handle(
      input: Input<z.output<P>, ListInput, undefined>,
      scope: Scope,
    ): Promise<Reply<z.input<ReturnType<typeof pageOf<I>>>>>;
  },
): Route {
  const { item, ...rest } = definition;
  const query = atFirstUse(() =>
    querySchema(definition.list, item instanceof z.ZodObject ? Object.keys(item.shape) : []),
  );
  const reply = atFirstUse(() => pageOf(item));
  return {
    ...complete({ ...rest, method: 'GET', reply: item }),
    // Lists hold a quarter of all schemas, and every worker that starts would wait for them. Of the reply `complete`
    // asks only whether there is one.
    get query() {
      return query();
    },
    get reply() {
      return reply();
    },
  };
}

/**
 * The PUT and the PATCH of one resource, from one declaration. `fields` is the strict schema of everything that can
 * be changed; the handler gets `revise`, which makes the fields as they shall be from how they are.
 */
export function reviseRoutes<F extends z.ZodType, R extends z.ZodType, P extends z.ZodObject>(
  definition: Common & {
    readonly params: P;
    readonly fields: F;
    readonly reply: R;
    handle(
      input: Omit<Input<z.output<P>, Record<string, never>, never>, 'body'> & { readonly revise: Revise<z.output<F>> },
      scope: Scope,
    ): Promise<Reply<z.input<R>>>;
  },
): readonly [Route, Route] {
  const { fields, handle, ...rest } = definition;
  type In = Input<z.output<P>, Record<string, never>, unknown>;
  const put = (input: In, scope: Scope) => handle({ ...input, revise: replaced(input.body as z.output<F>) }, scope);
  const patch = (input: In, scope: Scope) =>
    handle({ ...input, revise: patched(fields as unknown as z.ZodType<z.output<F>>, input.body) }, scope);
  return [
    complete({ ...rest, method: 'PUT', body: fields, revises: 'put', handle: put }),
    complete({ ...rest, method: 'PATCH', body: fields, revises: 'patch', handle: patch }),
  ];
}

/** A route that takes a file as `multipart/form-data`, field `file`. */
export function uploadRoute<P extends z.ZodObject, R extends z.ZodType, Q extends z.ZodType = Nothing>(
  definition: Common & {
    readonly method: 'POST' | 'PUT';
    readonly params?: P;
    readonly query?: Q;
    readonly file: FileSpec;
    readonly reply: R;
    handle(
      input: Omit<Input<z.output<P>, z.output<Q>, undefined>, 'body'> & { readonly file: Upload },
      scope: Scope,
    ): Promise<Reply<z.input<R>>>;
  },
): Route {
  return complete(definition);
}
