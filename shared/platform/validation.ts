/** From zod's issues to the API's field errors, and back out as one `invalid` refusal. */
import { z } from 'zod';
import type { FieldError } from './refusal.ts';
import { Refusal } from './refusal.ts';

const MOST_ERRORS = 100;

/** All field errors of a failed parse; `root` is `body`, `query` or `path`, `known` its names. No value is ever quoted. */
export function fieldErrors(error: z.ZodError, root: string, known: readonly string[] = []): FieldError[] {
  return error.issues.slice(0, MOST_ERRORS).flatMap((issue) => {
    const path = [root, ...issue.path.map(String)].join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, 20).map((key) => ({
        path: `${path}.${key.slice(0, 60)}`,
        code: 'unknown_field',
        message: known.length === 0 ? 'is not a known field' : `is not known; known are ${known.join(', ')}`,
      }));
    }
    return [{ path, code: issue.code, message: issue.message }];
  });
}

/** Parses, or throws `invalid` with all field errors at once. */
export function parsed<T>(schema: z.ZodType<T>, value: unknown, root: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // Parameters are named where one is unknown: they are few, and all at one level.
  const known = root === 'query' && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  throw new Refusal('invalid', `The ${root} is not valid.`, { errors: fieldErrors(result.error, root, known) });
}
