/** Puts what a decision says into the envelope it travels in. */
import type { Decided, Fact } from './facts.ts';
import type { Scope } from './scope.ts';

/** The fact as it is committed: who, when, in which organization and correlation, and what brought it about. */
export function envelope(scope: Scope, source: string, subject: string, { type, data }: Decided): Fact {
  const cause = scope.reaction?.fact;
  return {
    specversion: '1.0',
    id: scope.platform.ids.next(),
    type,
    source,
    subject,
    time: scope.now(),
    data,
    orgid: scope.orgId,
    actorid: scope.actor.userId,
    correlationid: scope.correlationId,
    schemaversion: 1,
    ...(cause ? { causationid: cause.id } : {}),
    ...(scope.traceparent ? { traceparent: scope.traceparent } : {}),
  };
}
