/** Reactions and timers are values too: what runs when a fact was committed, or when the clock says so. */
import type { Fact } from './facts.ts';
import type { Scope } from './scope.ts';

export interface Reaction {
  /** Kebab-case, unique; names the Service Bus subscription. */
  readonly name: string;
  /** The fact types it is told of. */
  readonly on: readonly string[];
  /**
   * Told of each fact at least once, in order per subject. Commands through `scope.of(…)` take effect once per fact and
   * aggregate by themselves; anything else done here must be harmless when done again. A throw means: try again.
   */
  handle(fact: Fact, scope: Scope): Promise<void>;
}

export function reaction(definition: Reaction): Reaction {
  return definition;
}

export interface Timer {
  /** Kebab-case, unique. */
  readonly name: string;
  /** NCRONTAB of six fields, in UTC: second minute hour day month weekday. */
  readonly schedule: string;
  /** Runs once per tick over all processes; the scope is the system's, in no organization. Must be harmless when run again. */
  handle(scope: Scope): Promise<void>;
}

export function timer(definition: Timer): Timer {
  return definition;
}
