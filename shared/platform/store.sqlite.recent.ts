/**
 * What this process has committed last to the containers that hold facts: the relay, which comes right after, asks for
 * nothing else, and need not fetch and parse it again. What it gets is the very document that was written, which is
 * read-only by its type, and may have a property that is undefined where JSON has none.
 */
import { containerNames, declarationOf } from './containers.ts';
import { partitionOf, tableOf } from './store.sqlite.schema.ts';
import type { Document, Partition } from './store.ts';

/** The version of a document that was written as the `seq`-th of the file, of `size` characters as JSON. */
interface Version {
  readonly seq: number;
  readonly document: Document;
  readonly size: number;
}

interface Recorded extends Version {
  readonly partition: Partition;
}

export interface Recent {
  /** Keeps what a transaction wrote, by the keys of documents (`keyOf`); undefined: it is gone. `to` is its last number. */
  keep(written: ReadonlyMap<string, Version | undefined>, to: number): void;
  /** Knows nothing of what was written up to this number, and all from there on. */
  restart(seq: number): void;
  /**
   * The last versions of a table's documents that were written after this number, in order; undefined where the file must be
   * asked. What came before is let go of: who follows the changes has it.
   */
  since(table: string, seq: number): Recorded[] | undefined;
}

/** Characters of JSON kept of all containers together. Nobody asks while another process relays. */
const MOST_CHARACTERS = 2_000_000;

interface Feed {
  /** From this number on all is known. */
  start: number;
  readonly versions: Map<string, Version>;
}

export function recentChanges(): Recent {
  const feeds = new Map<string, Feed>();
  let characters = 0;
  for (const name of containerNames.filter((one) => declarationOf(one).facts)) {
    feeds.set(tableOf(name).documents, { start: Number.POSITIVE_INFINITY, versions: new Map() });
  }

  function drop({ versions }: Feed, key: string): void {
    characters -= versions.get(key)?.size ?? 0;
    versions.delete(key);
  }

  function restart(seq: number): void {
    characters = 0;
    for (const feed of feeds.values()) {
      feed.start = seq;
      feed.versions.clear();
    }
  }

  return {
    keep(written, to) {
      for (const [key, version] of written) {
        const feed = feeds.get(key.slice(0, key.indexOf('\n')));
        if (!feed) continue;
        drop(feed, key);
        if (!version) continue;
        feed.versions.set(key, version);
        characters += version.size;
      }
      if (characters > MOST_CHARACTERS) restart(to);
    },
    restart,
    since(table, seq) {
      const feed = feeds.get(table);
      if (!feed || seq < feed.start) return undefined;
      for (const [key, version] of feed.versions) if (version.seq <= seq) drop(feed, key);
      feed.start = seq;
      // A document that a transaction wrote twice stands where it stood first.
      const versions = [...feed.versions].sort(([, one], [, other]) => one.seq - other.seq);
      return versions.map(([key, version]) => ({ partition: partitionIn(key), ...version }));
    },
  };
}

/** Neither a table nor an id has a line end. */
function partitionIn(key: string): string[] {
  return partitionOf(key.slice(key.indexOf('\n') + 1, key.lastIndexOf('\n')));
}
