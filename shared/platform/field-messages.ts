/** What is said of a wrong value where its schema says nothing of its own: what is to be sent instead. */
import type * as z from 'zod';

type Issue = z.core.$ZodRawIssue;
type Sized = z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig>;

const types: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};
const formats: Readonly<Record<string, string>> = {
  uuid: 'an id, a UUID such as 0193b0a0-7c1e-7000-8000-000000000001',
  email: 'an email address',
  url: 'a URL',
};
const units: Readonly<Record<string, string>> = { string: 'characters', array: 'entries' };

/** How much there must be: of text its characters, of a list its entries, else the number itself. */
function sizeMessage(issue: Sized): string {
  const small = issue.code === 'too_small';
  const limit = small ? issue.minimum : issue.maximum;
  const unit = units[issue.origin];
  if (unit === undefined) {
    if (issue.inclusive) return `must be ${small ? 'at least' : 'at most'} ${limit}`;
    return `must be ${small ? 'more' : 'less'} than ${limit}`;
  }
  if (issue.exact) return `must have ${limit} ${unit}`;
  if (small && limit === 1) return 'must not be empty';
  return `must have ${small ? 'at least' : 'at most'} ${limit} ${unit}`;
}

/** What each alternative asks for: `must be a date such as 2026-11-20, or an id`. */
function eitherMessage(alternatives: readonly (readonly z.core.$ZodIssue[])[]): string {
  const asked = alternatives.flatMap(([first]) => first?.message.replace(/^must be /, '') ?? []);
  return `must be ${asked.join(', or ')}`;
}

/** The message of an issue, without the value; undefined leaves it to zod. */
export function fieldMessage(issue: Issue): string | undefined {
  const missing = issue.input === undefined;
  switch (issue.code) {
    case 'invalid_type': {
      if (missing) return 'is required';
      const type = types[issue.expected];
      return type && `must be ${type}`;
    }
    case 'invalid_value': {
      const values = issue.values.map(String).join(', ');
      const choice = issue.values.length === 1 ? values : `one of ${values}`;
      return missing ? `is required: ${choice}` : `must be ${choice}`;
    }
    case 'too_small':
    case 'too_big':
      return sizeMessage(issue);
    case 'invalid_format': {
      const format = formats[issue.format];
      return format && `must be ${format}`;
    }
    case 'invalid_union':
      return missing ? 'is required' : eitherMessage(issue.errors);
    default:
      return undefined;
  }
}
