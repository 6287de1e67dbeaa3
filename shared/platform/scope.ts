/** What a handler, a reaction or a timer works in: one organization, one actor, one correlation. */
import { type Actor, systemActor } from './actor.ts';
import type { Aggregate } from './aggregate.ts';
import type { Blobs } from './blobs.ts';
import type { Charges } from './charges.ts';
import type { Clock, Ids } from './clock.ts';
import type { Config } from './config.ts';
import type { ContainerName } from './containers.ts';
import type { Documents } from './documents.ts';
import { documentsOf } from './documents.ts';
import type { Decided, Fact } from './facts.ts';
import type { Probe } from './health.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Mail } from './mail.ts';
import type { Caches } from './read-cache.ts';
import type { Realtime } from './realtime.ts';
import type { Repository } from './repository.ts';
import { repository } from './repository.ts';
import type { Names } from './request.ts';
import type { Store } from './store.ts';
import type { Telemetry } from './telemetry.ts';

/** What lives as long as the process. */
export interface Platform {
  readonly config: Config;
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly queue: KeyedQueue;
  readonly limits: Limits;
  readonly caches: Caches;
  readonly blobs: Blobs;
  readonly mail: Mail;
  readonly realtime: Realtime;
  readonly log: Log;
  /** There where traces and metrics are wanted. */
  readonly telemetry?: Telemetry | undefined;
  /**
   * Where people reach us, for links in mail: `https://api.example`. Never taken from a request: a forged Host header
   * must not end up in a mail.
   */
  readonly publicUrl: () => string;
  /** What readiness asks. */
  readonly probes: readonly Probe[];
  /** Where the store charges for what it is asked: the sums of requests. */
  readonly charges?: Charges;
}

export interface ScopeInit {
  readonly actor: Actor;
  readonly correlationId: string;
  readonly traceparent?: string;
  /** `If-Match` of the request; the first command on an id of the path obeys it. */
  readonly ifMatch?: Names;
  readonly pathIds?: readonly string[];
  /** For reactions: the fact reacted to, and the reaction's name. */
  readonly reaction?: { readonly name: string; readonly fact: Fact };
  /** Ids for what this request makes; deterministic under an `Idempotency-Key`, so that a retry makes the same. */
  readonly ids?: Ids;
  /** True when an earlier try of this very request may have committed already. */
  readonly retried?: boolean;
}

export interface Scope extends Omit<ScopeInit, 'ids' | 'ifMatch'> {
  readonly platform: Platform;
  readonly orgId: string;
  now(): string;
  newId(): string;
  /** This organization's documents of a container. */
  documents(container: ContainerName, sub?: string): Documents;
  of<S extends object, F extends Decided>(aggregate: Aggregate<S, F>): Repository<S, F>;
  /** The request's `If-Match`, once: for the first command on an id of its path (on any id, when the path has none). */
  takeIfMatch(id: string): Names | undefined;
  /** The same, left to be taken. */
  ifMatchFor(id: string): Names | undefined;
  /**
   * The same work in another organization, with the rights of the system, in the name of `userId` where one is given. For
   * identity (before sign-in) and timers only.
   */
  inOrganization(orgId: string, userId?: string): Scope;
}

export function scopeOf(platform: Platform, init: ScopeInit): Scope {
  return new WorkScope(platform, init);
}

/** A class because one is made for every request: its methods are shared instead of made anew. */
class WorkScope implements Scope {
  readonly platform: Platform;
  readonly actor: Actor;
  readonly orgId: string;
  readonly correlationId: string;
  readonly traceparent?: string | undefined;
  readonly pathIds?: readonly string[] | undefined;
  readonly reaction?: ScopeInit['reaction'];
  readonly retried: boolean;
  readonly #init: ScopeInit;
  readonly #repositories = new Map<unknown, unknown>();
  #ifMatch: Names | undefined;

  constructor(platform: Platform, init: ScopeInit) {
    this.platform = platform;
    this.actor = init.actor;
    this.orgId = init.actor.orgId;
    this.correlationId = init.correlationId;
    this.traceparent = init.traceparent;
    this.pathIds = init.pathIds;
    this.reaction = init.reaction;
    this.retried = init.retried ?? false;
    this.#init = init;
    this.#ifMatch = init.ifMatch;
  }

  now(): string {
    return this.platform.clock.now();
  }

  newId(): string {
    return (this.#init.ids ?? this.platform.ids).next();
  }

  documents(container: ContainerName, sub?: string): Documents {
    return documentsOf(this.platform.store, container, this.orgId, sub);
  }

  of<S extends object, F extends Decided>(aggregate: Aggregate<S, F>): Repository<S, F> {
    const known = this.#repositories.get(aggregate) as Repository<S, F> | undefined;
    if (known) return known;
    const made = repository(aggregate, this);
    this.#repositories.set(aggregate, made);
    return made;
  }

  takeIfMatch(id: string): Names | undefined {
    const taken = this.ifMatchFor(id);
    if (taken) this.#ifMatch = undefined;
    return taken;
  }

  ifMatchFor(id: string): Names | undefined {
    return this.pathIds && this.pathIds.length > 0 && !this.pathIds.includes(id) ? undefined : this.#ifMatch;
  }

  inOrganization(orgId: string, userId = this.actor.userId): Scope {
    const { ifMatch: _, ...init } = this.#init;
    return new WorkScope(this.platform, { ...init, actor: { ...systemActor(orgId), userId } });
  }
}
