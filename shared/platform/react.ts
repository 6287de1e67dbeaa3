/** Runs one reaction to one fact; behind the local bus and behind the Service Bus trigger alike. */
import { systemActor } from './actor.ts';
import { seededIds } from './clock.ts';
import type { Fact } from './facts.ts';
import type { Reaction, Timer } from './reaction.ts';
import { type Platform, scopeOf } from './scope.ts';

/**
 * Runs `reaction` as the system, in the fact's organization and under its correlation. What it makes gets ids derived
 * from the fact, so that a second delivery makes the same. Throws what the reaction throws: the message comes again.
 */
export async function runReaction(platform: Platform, reaction: Reaction, fact: Fact): Promise<void> {
  const { telemetry, clock } = platform;
  const work = (traceparent: string | undefined) => reacted(platform, reaction, fact, traceparent);
  await (telemetry ? telemetry.reaction(reaction.name, fact, clock.now(), work) : work(fact.traceparent));
}

async function reacted(
  platform: Platform,
  reaction: Reaction,
  fact: Fact,
  traceparent: string | undefined,
): Promise<void> {
  const { name } = reaction;
  const startedAt = performance.now();
  const about = { reaction: name, type: fact.type, factId: fact.id, correlationId: fact.correlationid };
  const scope = scopeOf(platform, {
    actor: systemActor(fact.orgid),
    correlationId: fact.correlationid,
    ...(traceparent === undefined ? {} : { traceparent }),
    reaction: { name, fact },
    ids: seededIds(`${name}:${fact.id}`, fact.time),
  });
  try {
    await reaction.handle(fact, scope);
    const { log } = platform;
    if (log.on('debug')) log.debug({ ...about, ms: Math.round(performance.now() - startedAt) }, 'reaction done');
  } catch (error) {
    platform.log.warn({ ...about, err: error }, 'reaction failed');
    throw error;
  }
}

const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const FACT_TYPE = /^[A-Z][A-Za-z0-9]*$/;
/** Service Bus subscription names are no longer. */
const LONGEST_NAME = 50;

/** What is wrong with the names of reactions and timers, one line each; nothing when all is well. */
export function namingProblems(reactions: readonly Reaction[], timers: readonly Timer[]): string[] {
  const problems: string[] = [];
  for (const [what, declared] of [
    ['reaction', reactions],
    ['timer', timers],
  ] as const) {
    const seen = new Set<string>();
    for (const { name } of declared) {
      if (!KEBAB.test(name) || name.length > LONGEST_NAME) {
        problems.push(`${what} "${name}": must be kebab-case of at most ${LONGEST_NAME} characters`);
      }
      if (seen.has(name)) problems.push(`${what} "${name}": is declared twice`);
      seen.add(name);
    }
  }
  for (const { name, on } of reactions) {
    if (on.length === 0) problems.push(`reaction "${name}": names no fact type`);
    if (new Set(on).size !== on.length) problems.push(`reaction "${name}": names a fact type twice`);
    for (const type of on) if (!FACT_TYPE.test(type)) problems.push(`reaction "${name}": "${type}" is no fact type`);
  }
  return problems;
}
