/** Facts (domain events): what a decision says happened, and how it travels: CloudEvents 1.0. */

import { OUTBOX_DAYS } from './containers.ts';
import type { Document, Json } from './store.ts';

/** What a rule answers: a catalogue name in the past tense and what it says. */
export interface Decided {
  readonly type: string;
  readonly data: { readonly [key: string]: unknown };
}

/** One kind of them: its name, and what it says. */
export type DecidedAs<T extends string, D> = { readonly type: T; readonly data: D & Decided['data'] };

/** A fact on its way: a CloudEvents 1.0 envelope with Marquee's extension attributes. */
export interface Fact<D extends Decided = Decided> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: D['type'];
  /** The aggregate's kind: `event`, `customer`, … */
  readonly source: string;
  /** The aggregate's id. */
  readonly subject: string;
  readonly time: string;
  readonly data: D['data'];
  readonly orgid: string;
  /** The user's id, or `system`. */
  readonly actorid: string;
  readonly correlationid: string;
  /** The fact that brought this one about. */
  readonly causationid?: string;
  readonly schemaversion: number;
  /** W3C trace context of the request, so that reactions join its trace. */
  readonly traceparent?: string;
}

export const FACT_KIND = 'fact';

/** The outbox document of a fact; it shares the partition of the state it belongs to. */
export function factDocument(fact: Fact): Document {
  return {
    id: fact.id,
    kind: FACT_KIND,
    body: fact as unknown as Json,
    ix: { subject: fact.subject },
    ttl: OUTBOX_DAYS * 24 * 3600,
  };
}

/** The fact in an outbox or audit document. */
export function factOf(document: Document): Fact {
  return document.body as unknown as Fact;
}
