/** What the system stands on, and whether it answers. */
export interface Probe {
  /** `store`, `bus`, `blobs`, `realtime`. */
  readonly name: string;
  /** Throws when the part cannot answer. */
  check(): Promise<void>;
}

interface PartHealth {
  readonly state: 'up' | 'down';
  readonly milliseconds: number;
}

const PATIENCE_MS = 2000;

/** Asks every part at once; one that takes over two seconds counts as down. */
export async function health(probes: readonly Probe[]): Promise<{ ready: boolean; parts: Record<string, PartHealth> }> {
  const parts = await Promise.all(
    probes.map(async ({ name, check }) => {
      const startedAt = performance.now();
      const state = await answered(check);
      return [name, { state, milliseconds: Math.round((performance.now() - startedAt) * 10) / 10 }] as const;
    }),
  );
  return { ready: parts.every(([, part]) => part.state === 'up'), parts: Object.fromEntries(parts) };
}

async function answered(check: () => Promise<void>): Promise<PartHealth['state']> {
  let timer: NodeJS.Timeout | undefined;
  const impatient = new Promise<PartHealth['state']>((resolve) => {
    timer = setTimeout(() => resolve('down'), PATIENCE_MS);
  });
  const asked = check().then(
    () => 'up' as const,
    () => 'down' as const,
  );
  try {
    return await Promise.race([asked, impatient]);
  } finally {
    clearTimeout(timer);
  }
}
