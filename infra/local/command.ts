import { messageOf } from '../../shared/platform/errors.ts';

/** Runs a command: what it throws is said on standard error, and the exit code is 1. */
export async function command(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
