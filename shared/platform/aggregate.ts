/** An aggregate: a state that is a fold of facts, and how it is found. */
import type { ContainerName } from './containers.ts';
import type { Decided } from './facts.ts';
import type { Refusal } from './refusal.ts';
import type { Document } from './store.ts';

export interface Meta {
  readonly createdAt: string;
  readonly createdBy: string;
  readonly modifiedAt: string;
  readonly modifiedBy: string;
  readonly deletedAt?: string;
  readonly deletedBy?: string;
}

/** When something was done, and by whom. */
export interface Stamp {
  readonly at: string;
  readonly by: string;
}

/** A part of an aggregate that has times of its own; without them it came with the whole and was not changed since. */
export interface Stamped {
  readonly created?: Stamp;
  readonly modified?: Stamp;
}

/** What a part shows of its making. */
export function metaOfPart({ created, modified }: Stamped, whole: Meta) {
  const made = created ?? { at: whole.createdAt, by: whole.createdBy };
  const changed = modified ?? made;
  return { createdAt: made.at, createdBy: made.by, modifiedAt: changed.at, modifiedBy: changed.by };
}

/** A loaded aggregate. `etag` is the store's, without quotes. */
export interface Entity<S> {
  readonly id: string;
  readonly state: S;
  readonly meta: Meta;
  readonly etag: string;
}

/** A name that only one living aggregate may hold. Freed by itself when the state no longer claims it. */
export interface Unique {
  /** Says what must be unique, e.g. `venue-name`. Part of the document id. */
  readonly scope: string;
  readonly value: string;
  /** What the second one is told. */
  refuse(): Refusal;
}

export interface Aggregate<S extends object, F extends Decided> {
  /** Document kind and fact source, e.g. `event`. */
  readonly kind: string;
  readonly container: ContainerName;
  /** For messages: "There is no such <noun>". */
  readonly noun: string;
  /** The facts after which it is deleted. */
  readonly deletedBy: readonly F['type'][];
  /** `stamp` is the fact's own. */
  evolve(state: S | undefined, fact: F, stamp: Stamp): S;
  /** What queries see. Every sorted `ix` name must be there in every state. */
  index(state: S, meta: Meta): Pick<Document, 'ix' | 'sets' | 'words'>;
  uniques?(state: S): readonly Unique[];
}

/** Declares an aggregate; a value, so that everything else derives from it. */
export function aggregate<S extends object, F extends Decided>(definition: Aggregate<S, F>): Aggregate<S, F> {
  return definition;
}
