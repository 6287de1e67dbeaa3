/** What the system stands on, and whether it answers. */
import { inTime } from './in-time.ts';

export interface Probe {
  /** `store`, `bus`, `blobs`, `realtime`, `redis`. */
  readonly name: string;
  /** Throws when the part cannot answer. */
  check(): Promise<void>;
  /** True for what the system does without, if less well: it is degraded then, not down. */
  readonly optional?: boolean;
}

interface PartHealth {
  readonly state: 'up' | 'degraded' | 'down';
  readonly milliseconds: number;
}

const PATIENCE_MS = 2000;

/** Asks every part at once; one that takes over two seconds does not answer. Ready: none is down. */
export async function health(probes: readonly Probe[]): Promise<{ ready: boolean; parts: Record<string, PartHealth> }> {
  const parts = await Promise.all(
    probes.map(async ({ name, check, optional }) => {
      const startedAt = performance.now();
      const state = (await answered(check)) ? 'up' : optional ? 'degraded' : 'down';
      return [name, { state, milliseconds: Math.round((performance.now() - startedAt) * 10) / 10 }] as const;
    }),
  );
  return { ready: parts.every(([, part]) => part.state !== 'down'), parts: Object.fromEntries(parts) };
}

async function answered(check: () => Promise<void>): Promise<boolean> {
  return inTime(check(), PATIENCE_MS).then(
    () => true,
    () => false,
  );
}
