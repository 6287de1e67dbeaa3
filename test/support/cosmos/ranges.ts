/**
 * Two physical partitions, which the npm server does not have: so the client merges what a query across partitions finds
 * in each, as the service has it do, and the change feed has two places.
 */
import { createHash } from 'node:crypto';

const ranges = [
  { id: '0', minInclusive: '', maxExclusive: '80' },
  { id: '1', minInclusive: '80', maxExclusive: 'FF' },
];

/** The reply to a request for a container's ranges. */
export function rangeList(): object {
  const listed = ranges.map((range) => ({ ...range, status: 'online', parents: [], _rid: `range-${range.id}` }));
  return { PartitionKeyRanges: listed, _count: listed.length };
}

/** Where a partition lies, by its key's hash. */
export function rangeOf(partition: string): string {
  const [byte = 0] = createHash('sha256').update(partition).digest();
  return byte < 0x80 ? '0' : '1';
}

const LIST = /^SELECT TOP (?<top>\d+) (?<items>.*?) FROM c WHERE (?<where>.*) ORDER BY (?<by>.*)$/s;
/** How a range is asked to count. */
export const RANGE_COUNT = 'SELECT VALUE [{"item": COUNT(1)}]';
const COUNT = /^SELECT VALUE COUNT\(1\) FROM c WHERE (?<where>.*)$/s;

/**
 * How the client is to run a query across partitions: what it asks each range, and how it merges the answers. Undefined
 * for a query that the store is not known to ask.
 */
export function queryPlan(query: string): object | undefined {
  const list = LIST.exec(query)?.groups;
  if (list) return planOfList(list.top ?? '', list.items ?? '', list.where ?? '', list.by ?? '');
  const count = COUNT.exec(query)?.groups;
  if (!count) return undefined;
  return planWith({
    aggregates: ['Count'],
    hasSelectValue: true,
    rewrittenQuery: `${RANGE_COUNT} FROM c WHERE ${count.where}`,
  });
}

function planOfList(top: string, items: string, where: string, by: string): object {
  const entries = by.split(', ').map((entry) => entry.split(' '));
  const names = entries.map(([name]) => name ?? '');
  const payload = items.split(', ').map((item) => `"${/"(\w+)"/.exec(item)?.[1]}": ${item}`);
  const orderByItems = names.map((name) => `{"item": ${name}}`);
  // The service puts parentheses around each part; the npm server's parser takes twice as long for every pair.
  return planWith({
    top: Number(top),
    orderBy: entries.map(([, direction]) => (direction === 'DESC' ? 'Descending' : 'Ascending')),
    orderByExpressions: names,
    rewrittenQuery:
      `SELECT TOP ${top} c._rid, [${orderByItems.join(', ')}] AS orderByItems, {${payload.join(', ')}} AS payload ` +
      `FROM c WHERE ${where} AND {documentdb-formattableorderbyquery-filter} ORDER BY ${by}`,
  });
}

function planWith(info: object): object {
  return {
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: {
      distinctType: 'None',
      top: null,
      offset: null,
      limit: null,
      orderBy: [],
      orderByExpressions: [],
      groupByExpressions: [],
      groupByAliases: [],
      aggregates: [],
      groupByAliasToAggregateType: {},
      hasSelectValue: false,
      hasNonStreamingOrderBy: false,
      ...info,
    },
    queryRanges: [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }],
  };
}
