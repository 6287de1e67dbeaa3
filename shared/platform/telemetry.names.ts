/** What spans and metrics are called. Labels of metrics are few: no organization, no person, no id is among them. */
import type { Meter } from '@opentelemetry/api';

/** Attributes; where OpenTelemetry has a name for one, it is that. */
export const METHOD = 'http.request.method';
export const ROUTE = 'http.route';
export const STATUS = 'http.response.status_code';
export const ERROR = 'error.type';
/** Application Insights knows a call to a database by the older names of these two. */
export const DB_SYSTEM = 'db.system';
export const DB_OPERATION = 'db.operation';
export const CONTAINER = 'db.collection.name';
export const CHARGE = 'azure.cosmosdb.operation.request_charge';
export const ORGANIZATION = 'marquee.organization.id';
export const REACTION = 'marquee.reaction';
export const REASON = 'marquee.reason';
/** The topic of facts, and the hub of sockets. */
export const FACTS = 'domain-events';
export const SOCKETS = 'notifications';

export const HTTP_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Seconds; those that OpenTelemetry advises for requests. */
const REQUEST_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const AGE_BOUNDARIES = [1, 2, 5, 10, 30, 60, 120, 300, 900, 3600];

/** What is counted and measured. */
export function metricsOf(meter: Meter) {
  const durations = meter.createHistogram('http.server.request.duration', {
    description: 'Duration of requests, by route and status',
    unit: 's',
    advice: { explicitBucketBoundaries: REQUEST_BOUNDARIES },
  });
  const refusals = meter.createCounter('marquee.refusals', { description: 'Refused requests, by code and route' });
  const conflicts = meter.createCounter('marquee.store.conflicts', {
    description: 'Commits of which somebody else was first, by container',
  });
  const charges = meter.createCounter('marquee.store.request_charge', {
    description: 'Request units, by container',
    unit: '{request_unit}',
  });
  const ages = meter.createHistogram('marquee.queue.age', {
    description: 'From the time of a fact to its delivery, to the second, by reaction',
    unit: 's',
    advice: { explicitBucketBoundaries: AGE_BOUNDARIES },
  });
  const deadLetters = meter.createCounter('marquee.dead_letters', { description: 'Messages given up, by reaction' });
  return { durations, refusals, conflicts, charges, ages, deadLetters };
}
