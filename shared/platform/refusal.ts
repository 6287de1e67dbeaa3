/** Expected failures: one closed list of codes, one table of statuses, one shape (RFC 9457). */

interface Code {
  readonly status: number;
  readonly title: string;
  /** When it is answered; becomes `docs/errors.md`. */
  readonly when: string;
}

export const codes = {
  invalid: {
    status: 400,
    title: 'The request is not valid',
    when: 'body, query, path or header does not parse or breaks a field rule; `errors` lists each field',
  },
  unauthenticated: {
    status: 401,
    title: 'Not signed in',
    when: 'no token, or one that is bad, expired or revoked',
  },
  forbidden: { status: 403, title: 'Not allowed', when: 'signed in, without the privilege or the row right' },
  not_found: {
    status: 404,
    title: 'Not found',
    when: 'no such id here (deleted or of another organization included)',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    when: 'the address exists; `Allow` lists its methods',
  },
  not_acceptable: { status: 406, title: 'Not acceptable', when: '`Accept` names no media type the route can give' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    when: 'the body is of a media type the route does not take',
  },
  conflict: { status: 409, title: 'Already taken', when: 'the resource is taken; `conflicts` lists each clash' },
  already_exists: { status: 409, title: 'Already exists', when: 'a unique name is in use; `field` names it' },
  wrong_state: {
    status: 409,
    title: 'Wrong state',
    when: 'the step does not follow from the present state; `state` and `allowed` say what does',
  },
  rule_broken: { status: 409, title: 'A rule forbids it', when: 'any other business rule; `rule` names it' },
  in_progress: {
    status: 409,
    title: 'Still in progress',
    when: 'a request with the same `Idempotency-Key` has not been answered yet',
  },
  stale: { status: 412, title: 'Changed meanwhile', when: '`If-Match` does not match; read again and retry' },
  too_large: { status: 413, title: 'Too large', when: 'body or file over its limit; `limit` in bytes' },
  key_reused: { status: 422, title: 'Key reused', when: '`Idempotency-Key` seen with another body' },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    when: 'over a rate limit; wait for `Retry-After` seconds',
  },
  internal: { status: 500, title: 'Internal error', when: 'a fault of ours; quote the `traceId`' },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    when: 'a dependency is down or too busy; retry after `Retry-After` seconds',
  },
} as const satisfies Record<string, Code>;

export type RefusalCode = keyof typeof codes;

export interface FieldError {
  /** Where: `body.contacts.0.email`, `query.limit`, `path.eventId`, `header.if-match`. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** An expected failure. `extra` holds the code's own fields (`conflicts`, `allowed`, `rule`, `field`, `errors`, `retryAfter`, …). */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly extra: Readonly<Record<string, unknown>>;
  constructor(code: RefusalCode, detail: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.name = 'Refusal';
    this.code = code;
    this.extra = extra;
  }
}

/** `rule_broken`: `rule` is the rule's stable kebab-case name. */
export function broken(rule: string, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return new Refusal('rule_broken', detail, { rule, ...extra });
}

/** `wrong_state`: `allowed` are the steps that do follow from `state`. */
export function wrongState(state: string, allowed: readonly string[], step: string): Refusal {
  return new Refusal('wrong_state', `"${step}" does not follow from the state "${state}".`, { state, allowed });
}

/** `not_found`, in the same words whether the id never was, was deleted, or is another organization's. */
export function notFound(what: string): Refusal {
  return new Refusal('not_found', `There is no such ${what}.`);
}

/** `stale`: the request's `If-Match` does not name what is there now. */
export function stale(noun: string): Refusal {
  return new Refusal('stale', `This ${noun} has changed since you read it. Read it again and retry.`);
}

/** `invalid` with one field error; the message goes on from its path: `must be given once`. */
export function invalid(path: string, code: string, message: string): Refusal {
  return invalidAll([{ path, code, message }]);
}

/**
 * `invalid`: the body names something by an id that is not here (never was, deleted, or another organization's). Only what
 * the address names is `not_found`.
 */
export function namesNone(path: string, what: string): Refusal {
  return invalid(path, 'unknown', `names no ${what} here`);
}

/** `invalid` with several field errors. */
export function invalidAll(errors: readonly FieldError[]): Refusal {
  const [first, ...more] = errors;
  const detail = first && more.length === 0 ? `${first.path} ${first.message}.` : 'The body is not valid.';
  return new Refusal('invalid', detail, { errors });
}

/** Like `Promise.all`, but of several checks that throw `invalid` all field errors come at once. */
export async function allValid<T extends readonly unknown[]>(
  checks: readonly [...{ [K in keyof T]: Promise<T[K]> | T[K] }],
): Promise<T> {
  const failures = (await Promise.allSettled(checks)).flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const errors = failures.flatMap((failure) => {
    if (isRefusal(failure, 'invalid')) return failure.extra.errors as FieldError[];
    throw failure;
  });
  if (errors.length > 0) throw invalidAll(errors);
  return (await Promise.all(checks)) as unknown as T;
}

/** Whether a failure is a refusal of one of these codes. */
export function isRefusal(error: unknown, ...of: readonly RefusalCode[]): error is Refusal {
  return error instanceof Refusal && of.includes(error.code);
}

/** Waits for work on something; where that is gone (`not_found`) there is nothing to do. */
export async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isRefusal(error, 'not_found')) throw error;
  }
}
