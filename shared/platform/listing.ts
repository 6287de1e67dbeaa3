/** Lists: paging, sorting, filters and search as a value; the query schema and the store query derive from it. */
import * as z from 'zod';
import { Instant } from './fields.ts';
import { isObject } from './merge-patch.ts';
import type { Condition, IndexValue, Order, Query } from './store.ts';
import { wordsOf } from './words.ts';

/** How one query parameter narrows the list. */
export type Filter =
  /** Equal to the value, or to any of several separated by commas. */
  | { readonly is: 'anyOf'; readonly path: string; readonly value: z.ZodType<IndexValue> }
  /** The set holds all of the values, separated by commas. */
  | { readonly is: 'allIn'; readonly set: string; readonly value: z.ZodType<string> }
  /** The set holds any of the values, separated by commas. */
  | { readonly is: 'anyIn'; readonly set: string; readonly value: z.ZodType<string> }
  /** `gte`: from, inclusive; `lt`: to, exclusive. */
  | { readonly is: 'gte' | 'lt'; readonly path: string; readonly value: z.ZodType<IndexValue> }
  /** Parsed here, optional or not as its schema says, and applied by the slice. */
  | { readonly is: 'own'; readonly value: z.ZodType };

export interface Listing {
  /** Filters by parameter name. */
  readonly filters: Readonly<Record<string, Filter>>;
  /** API sort names to `ix` names. */
  readonly sorts: Readonly<Record<string, string>>;
  /** E.g. `-startsAt`. */
  readonly defaultSort: string;
  /** Whether `q` is taken. */
  readonly search: boolean;
}

export const anyOf = (path: string, value: z.ZodType<IndexValue>): Filter => ({ is: 'anyOf', path, value });
export const allIn = (set: string, value: z.ZodType<string>): Filter => ({ is: 'allIn', set, value });
export const anyIn = (set: string, value: z.ZodType<string>): Filter => ({ is: 'anyIn', set, value });
/** Instants from, inclusive. */
export const from = (path: string, value: z.ZodType<IndexValue> = Instant): Filter => ({ is: 'gte', path, value });
/** Instants to, exclusive. */
export const to = (path: string, value: z.ZodType<IndexValue> = Instant): Filter => ({ is: 'lt', path, value });

export const own = (value: z.ZodType): Filter => ({ is: 'own', value });

const MOST_VALUES = 50;
/** Of a search: each must be found. */
const MOST_WORDS = 20;

function separated(value: z.ZodType<unknown>) {
  const choice = value instanceof z.ZodEnum ? `: ${value.options.join(', ')}` : '';
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(
      z
        .array(value as z.ZodType<unknown, string>)
        .min(1)
        .max(MOST_VALUES),
    )
    .meta({ override: { type: 'string' }, description: `One value, or several separated by commas${choice}` });
}

/** `true` or `false` in a query. */
export const booleanText = z.enum(['true', 'false']).transform((text) => text === 'true');

export interface ListInput {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort?: string | undefined;
  readonly count?: boolean | undefined;
  readonly fields?: string | undefined;
  readonly q?: string | undefined;
  readonly [filter: string]: unknown;
}

/** The text, or not there; refused, under a code of its own, for what `problem` finds. */
function checkedText(text: z.ZodString, problem: (text: string) => Problem | undefined) {
  return text
    .superRefine((given, context) => {
      const found = problem(given);
      if (found) context.addIssue({ code: 'custom', message: found.message, params: { code: found.code } });
    })
    .optional();
}
interface Problem {
  readonly code: string;
  readonly message: string;
}

/** The zod schema of a list's query parameters: unknown ones are refused. `names` are those of its items' fields. */
export function querySchema(listing: Listing, names: readonly string[] = []): z.ZodType<ListInput> {
  const { sort, ...narrowing } = selection(listing);
  return strict({
    limit: z.coerce.number().int().min(1).max(100).default(20).meta({ description: 'How many at most' }),
    cursor: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .meta({ description: 'Goes on after a page: its `nextCursor`, with the same filters and sort' }),
    sort,
    count: booleanText.optional().meta({ description: 'Whether the page says how many there are in all' }),
    fields: checkedText(z.string().min(1).max(1000), (text) => fieldsProblem(names, text)).meta({
      description: 'The fields of each item that are wanted, separated by commas',
    }),
    ...narrowing,
  });
}

/** The same where all comes at once, as in an export: what is wanted and in which order. */
export function unpagedQuerySchema(listing: Listing): z.ZodType<ListInput> {
  return strict(selection(listing));
}

function strict(shape: z.ZodRawShape): z.ZodType<ListInput> {
  return z.strictObject(shape).refine(mayBeSorted, SORTED_SEARCH) as unknown as z.ZodType<ListInput>;
}

/** The parameters that say which items, and in which order. */
function selection(listing: Listing) {
  const { sorts, defaultSort, search, filters } = listing;
  const order = `By ${Object.keys(sorts).join(', ')}; a leading minus is descending; default ${defaultSort}`;
  const sort = checkedText(z.string().min(1).max(200), (text) => sortProblem(listing, text)).meta({
    description: search ? `${order}; not beside q` : order,
    example: defaultSort,
  });
  const q = checkedText(z.string().max(200), searchProblem).meta({
    description: 'Words that must each begin a word of a searched field; the best match comes first, then the newest',
  });
  const narrowing = Object.entries(filters).map(([name, filter]) => {
    if (filter.is === 'own') return [name, filter.value];
    const single = filter.is === 'gte' || filter.is === 'lt';
    return [name, (single ? filter.value : separated(filter.value)).optional()];
  });
  return { sort, ...(search ? { q } : {}), ...(Object.fromEntries(narrowing) as Record<string, z.ZodType>) };
}

/** A search has an order of its own; words of punctuation alone are none. */
function mayBeSorted({ q, sort }: { readonly q?: unknown; readonly sort?: unknown }): boolean {
  return sort === undefined || typeof q !== 'string' || wordsOf(q).length === 0;
}
const SORTED_SEARCH = {
  message: 'cannot be combined with q, whose best match comes first',
  path: ['sort'],
  params: { code: 'sorted_search' },
  // Also beside other parameters that are wrong, so that all are told at once.
  when: ({ value }: z.core.ParsePayload) => isObject(value),
};

const parts = (text: string) => text.split(',').map((part) => part.trim());
const sortedBy = (part: string) => (part.startsWith('-') ? part.slice(1) : part);

function sortProblem({ sorts }: Listing, text: string): Problem | undefined {
  const names = parts(text).map(sortedBy);
  if (!names.every((name) => Object.hasOwn(sorts, name))) {
    return { code: 'unknown_sort', message: `can sort by ${Object.keys(sorts).join(', ')}` };
  }
  const paths = new Set(names.map((name) => sorts[name]));
  return paths.size === names.length ? undefined : { code: 'repeated_sort', message: 'must name each field once' };
}

function fieldsProblem(known: readonly string[], text: string): Problem | undefined {
  if (parts(text).every((name) => known.includes(name))) return undefined;
  return { code: 'unknown_field', message: `can pick from ${known.join(', ')}` };
}

function searchProblem(text: string): Problem | undefined {
  if (wordsOf(text).length <= MOST_WORDS) return undefined;
  return { code: 'too_many_words', message: `can have at most ${MOST_WORDS} words` };
}

/** The names in a parsed `?fields=`; undefined when all are wanted. */
export function pickedFields(query: unknown): readonly string[] | undefined {
  const { fields } = query as { readonly fields?: string };
  return fields === undefined ? undefined : parts(fields);
}

function orderOf({ sorts }: Listing, sort: string): Order[] {
  return parts(sort).map((part) => {
    const path = sorts[sortedBy(part)];
    if (path === undefined) throw new Error(`The list has no sort ${part}`);
    return { path, descending: part.startsWith('-') };
  });
}

/** The store query of a parsed list query; `always` are conditions the slice adds (row rights, parents). */
export function toQuery(listing: Listing, input: ListInput, always: readonly Condition[] = []): Omit<Query, 'kind'> {
  const where: Condition[] = [...always];
  for (const [name, filter] of Object.entries(listing.filters)) {
    const value = input[name];
    if (value === undefined || filter.is === 'own') continue;
    if (filter.is === 'anyOf') where.push({ path: filter.path, in: value as IndexValue[] });
    else if (filter.is === 'allIn') where.push({ set: filter.set, all: value as string[] });
    else if (filter.is === 'anyIn') where.push({ set: filter.set, any: value as string[] });
    else where.push({ path: filter.path, [filter.is]: value as IndexValue });
  }
  const search = input.q === undefined ? [] : wordsOf(input.q);
  const common = {
    where,
    limit: input.limit,
    ...(input.cursor === undefined ? {} : { cursor: input.cursor }),
    ...(input.count ? { count: true } : {}),
  };
  if (search.length > 0) return { search, ...common };
  return { orderBy: orderOf(listing, input.sort ?? listing.defaultSort), ...common };
}

/** A page as the API shows it. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    data: z.array(item),
    page: z.object({ nextCursor: z.string().nullable(), totalCount: z.int().min(0).optional() }),
  });
}

/** The page body of some items. */
export function shownPage<A, B>(
  page: { readonly items: readonly A[]; readonly cursor?: string; readonly total?: number },
  show: (item: A) => B,
) {
  return {
    data: page.items.map(show),
    page: { nextCursor: page.cursor ?? null, ...(page.total === undefined ? {} : { totalCount: page.total }) },
  };
}
