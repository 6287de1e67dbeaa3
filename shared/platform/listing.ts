/** Lists: paging, sorting, filters and search as a value; the query schema and the store query derive from it. */
import { z } from 'zod';
import { Instant } from './fields.ts';
import { invalid } from './refusal.ts';
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
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(
      z
        .array(value as z.ZodType<unknown, string>)
        .min(1)
        .max(MOST_VALUES),
    )
    .meta({ override: { type: 'string' }, description: 'One value, or several separated by commas' });
}

const booleanText = z.enum(['true', 'false']).transform((text) => text === 'true');

/** What every list takes beside its filters. */
const pagingShape = {
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().min(1).max(4096).optional(),
  sort: z.string().min(1).max(200).optional(),
  count: booleanText.optional(),
  fields: z.string().min(1).max(1000).optional(),
};

export interface ListInput {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort?: string | undefined;
  readonly count?: boolean | undefined;
  readonly fields?: string | undefined;
  readonly q?: string | undefined;
  readonly [filter: string]: unknown;
}

/** The zod schema of a list's query parameters: unknown ones are refused. */
export function querySchema(listing: Listing): z.ZodType<ListInput> {
  const shape: Record<string, z.ZodType> = { ...pagingShape };
  const sorts = Object.keys(listing.sorts);
  shape.sort = pagingShape.sort.meta({
    description: `By ${sorts.join(', ')}; a leading minus is descending; default ${listing.defaultSort}`,
    example: listing.defaultSort,
  });
  if (listing.search)
    shape.q = z
      .string()
      .max(200)
      .optional()
      .meta({ description: 'Words that must each begin a word of a searched field' });
  for (const [name, filter] of Object.entries(listing.filters)) {
    if (filter.is === 'own') {
      shape[name] = filter.value;
      continue;
    }
    const single = filter.is === 'gte' || filter.is === 'lt';
    shape[name] = (single ? filter.value : separated(filter.value)).optional();
  }
  return z.strictObject(shape) as unknown as z.ZodType<ListInput>;
}

function orderOf(listing: Listing, sort: string): Order[] {
  const orders = sort.split(',').map((part) => {
    const name = part.trim();
    const descending = name.startsWith('-');
    const path = listing.sorts[descending ? name.slice(1) : name];
    if (path === undefined || !Object.hasOwn(listing.sorts, descending ? name.slice(1) : name)) {
      throw invalid('query.sort', 'unknown_sort', `can sort by ${Object.keys(listing.sorts).join(', ')}`);
    }
    return { path, descending };
  });
  const paths = new Set(orders.map(({ path }) => path));
  if (paths.size !== orders.length) throw invalid('query.sort', 'repeated_sort', 'must name each field once');
  return orders;
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
  if (search.length > MOST_WORDS) throw invalid('query.q', 'too_many_words', `can have at most ${MOST_WORDS} words`);
  const common = {
    where,
    limit: input.limit,
    ...(input.cursor === undefined ? {} : { cursor: input.cursor }),
    ...(input.count ? { count: true } : {}),
  };
  if (search.length > 0) {
    if (input.sort !== undefined) orderOf(listing, input.sort);
    return { ...common, search };
  }
  return { ...common, orderBy: orderOf(listing, input.sort ?? listing.defaultSort) };
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
