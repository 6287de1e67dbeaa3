/** The bus port: it takes facts durably and brings each to every reaction that asked for its type. */
import * as z from 'zod';
import type { Fact } from './facts.ts';

export interface Bus {
  /** Takes the facts, in order per subject, and answers once they are safe. Those it already holds are dropped. */
  publish(facts: readonly Fact[]): Promise<void>;
  /** For readiness probes: throws when the bus cannot answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A fact too large for the bus travels without its data; `dataref` (CloudEvents) says where the whole of it is kept. */
export interface Envelope extends Fact {
  readonly dataref: string;
}

export function envelopeOf(fact: Fact): Envelope {
  return { ...fact, data: {}, dataref: `audit/${fact.id}` };
}

export function isEnvelope(fact: Fact): fact is Envelope {
  return 'dataref' in fact;
}

/** A fact that a reaction was told of again and again until it was given up; what the fact says is no part of it. */
export interface DeadLetter {
  readonly reaction: string;
  readonly factId: string;
  readonly type: string;
  readonly subject: string;
  readonly tries: number;
  /** When it was given up; of Service Bus, when it came to the subscription. */
  readonly at: string;
  readonly error: string;
}

/** Property of a message that was a dead letter: the one reaction it is meant for. Filters of subscriptions read it. */
export const REPLAY_FOR = 'replayfor';

const factSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  type: z.string().min(1),
  source: z.string().min(1),
  subject: z.string().min(1),
  time: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
  orgid: z.string().min(1),
  actorid: z.string().min(1),
  correlationid: z.string(),
  causationid: z.string().optional(),
  schemaversion: z.int().min(1),
  traceparent: z.string().optional(),
});

export function isFact(message: unknown): message is Fact {
  return factSchema.safeParse(message).success;
}

/** The fact in a message; throws when it is none, so that the message ends as a dead letter with the reason. */
export function parsedFact(message: unknown): Fact {
  const parsed = factSchema.safeParse(message);
  if (parsed.success) return parsed.data;
  throw new Error(`The message is not a fact: ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}`);
}
