/** Marquee as its users run it: a process of its own, told by environment variables, heard on its output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, vi } from 'vitest';

export const START = [process.execPath, resolve('infra/local/cli/start.mjs')] as const;
export const READY = /^Marquee is ready at (http:\/\/127\.0\.0\.1:\d+)$/m;

export interface Started {
  readonly child: ChildProcess;
  /** Everything it has said so far, on either stream. */
  said(): string;
  /** Exit code, or the signal that killed it. */
  readonly ended: Promise<{ readonly status: number | string; readonly said: string }>;
}

const running = new Set<ChildProcess>();

/** Starts `command` (`npm start`'s own unless another is given) with these settings. */
export function launch(
  settings: Readonly<Record<string, string>>,
  command: readonly string[] = START,
  cwd?: string,
): Started {
  const [file = '', ...args] = command;
  const env = { ...process.env, ...settings };
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
  running.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return { status: code ?? signal, said };
  });
  return { child, said: () => said, ended };
}

/** Waits until it says that it is ready, which is its last line; the address. Fails at once when it ends before. */
export async function ready({ child, said }: Started, within = 30_000): Promise<string> {
  const origin = await vi.waitUntil(
    () => {
      if (child.exitCode !== null || child.signalCode !== null) expect.fail(`It ended: ${said()}`);
      return READY.exec(said())?.[1];
    },
    { timeout: within, interval: 20 },
  );
  expect(said().trim().split('\n').at(-1)).toBe(`Marquee is ready at ${origin}`);
  return origin;
}

/** Kills what a test left running; for `afterEach`. */
export async function killAll(): Promise<void> {
  const ends = [...running].map((child) => {
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    return ended;
  });
  await Promise.all(ends);
}
