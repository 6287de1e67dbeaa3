/** From zod's issues to the API's field errors, and back out as one `invalid` refusal. */
import * as z from 'zod';
import { fieldMessage } from './field-messages.ts';
import type { FieldError } from './refusal.ts';
import { isRefusal, Refusal } from './refusal.ts';

const MOST_ERRORS = 100;

/**
 * What the schema makes of a value, its issues in the API's words. `once`: nothing is compiled for what is read a single
 * time.
 */
export function readAs<T>(schema: z.ZodType<T>, value: unknown, once = false): z.ZodSafeParseResult<T> {
  const read = schema.safeParse(value, { jitless: once });
  // Words of our own cost every parse something, so they are asked for only where there is something to say.
  return read.success ? read : schema.safeParse(value, { error: fieldMessage });
}

/**
 * All field errors of a failed parse; `root` is `body`, `query` or `path`, and `known` the names that it may have, which
 * are told where one at its top is unknown. No value is ever quoted.
 */
export function fieldErrors(error: z.ZodError, root: string, known: readonly string[] = []): FieldError[] {
  return error.issues.slice(0, MOST_ERRORS).flatMap((issue) => {
    const path = [root, ...issue.path.map(String)].join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, 20).map((key) => ({
        path: `${path}.${key.slice(0, 60)}`,
        code: 'unknown_field',
        message:
          known.length === 0 || issue.path.length > 0
            ? 'is not a known field'
            : `is not known; known are ${known.join(', ')}`,
      }));
    }
    const own: unknown = issue.code === 'custom' ? issue.params?.code : undefined;
    return [{ path, code: typeof own === 'string' ? own : issue.code, message: issue.message }];
  });
}

/** Parses, or throws `invalid` with all field errors at once. */
export function parsed<T>(schema: z.ZodType<T>, value: unknown, root: string): T {
  const result = readAs(schema, value);
  if (result.success) return result.data;
  throw new Refusal('invalid', `The ${root} is not valid.`, {
    errors: fieldErrors(result.error, root, knownNames(schema)),
  });
}

/** The names of an object's fields; none of a schema that is something else. */
export function knownNames(schema: z.ZodType): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** What each of them gives. Throws `invalid` with the field errors of all that throw it, and anything else at once. */
export function together<T extends readonly unknown[]>(...reads: { readonly [K in keyof T]: () => T[K] }): T {
  const refusals: Refusal[] = [];
  const values = reads.map((read) => {
    try {
      return read();
    } catch (error) {
      if (!isRefusal(error, 'invalid')) throw error;
      refusals.push(error);
      return undefined;
    }
  });
  const [first, ...more] = refusals;
  if (first && more.length === 0) throw first;
  if (first) {
    const errors = refusals.flatMap(({ extra }) => extra.errors as readonly FieldError[]);
    throw new Refusal('invalid', 'Several parts of the request are not valid.', { errors });
  }
  return values as unknown as T;
}
