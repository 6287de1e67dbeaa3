/** From zod's issues to the API's field errors, and back out as one `invalid` refusal. */
import type { z } from 'zod';
import type { FieldError } from './refusal.ts';
import { Refusal } from './refusal.ts';

const MOST_ERRORS = 100;

/** All field errors of a failed parse; `root` is `body`, `query` or `path`. No value is ever quoted. */
export function fieldErrors(error: z.ZodError, root: string): FieldError[] {
  return error.issues.slice(0, MOST_ERRORS).flatMap((issue) => {
    const path = [root, ...issue.path.map(String)].join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, 20).map((key) => ({
        path: `${path}.${key.slice(0, 60)}`,
        code: 'unknown_field',
        message: 'is not a known field',
      }));
    }
    return [{ path, code: issue.code, message: issue.message }];
  });
}

/** Parses, or throws `invalid` with all field errors at once. */
export function parsed<T>(schema: z.ZodType<T>, value: unknown, root: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Refusal('invalid', `The ${root} is not valid.`, { errors: fieldErrors(result.error, root) });
}
