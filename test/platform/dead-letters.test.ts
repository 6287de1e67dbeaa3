import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRelay } from '../../infra/local/relay.ts';
import { type Reaction, reaction } from '../../shared/platform/reaction.ts';
import { bellFacts, counted, countRings, hang, ring, rings } from '../support/bells.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';

let platform: TestPlatform;

beforeEach(async () => {
  platform = await testPlatform();
});
afterEach(() => platform.close());

/** Runs the command as `npm run dead-letters -- …` does. */
async function command(folder: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const all = ['infra/local/cli/run.mjs', 'infra/local/dead-letters.ts', ...args];
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, all, {
      env: { ...process.env, DATA_DIR: folder },
    });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

/** Counts rings, but fails on them while `broken` says so. */
function fragile(broken: () => boolean): Reaction {
  return reaction({
    ...countRings,
    async handle(fact, scope) {
      if (broken()) throw new Error('the tally is full');
      await countRings.handle(fact, scope);
    },
  });
}

const retry = { tries: 2, firstDelay: 1, longestDelay: 1 };

test('a dead letter is listed without what it says, and replayed while the host runs', async () => {
  let broken = true;
  const relay = startRelay({
    platform,
    reactions: [fragile(() => broken)],
    folder: platform.folder,
    poll: 20,
    retry,
  });
  try {
    await hang(platform, 'a');
    await ring(platform, 'a');
    await relay.drained();
    const [fact] = (await bellFacts(platform)).filter(({ type }) => type === 'BellRung');
    const listed = await command(platform.folder, 'list', '--reaction', 'count-rings');
    expect(listed.out).toContain(`count-rings  ${fact?.id}  BellRung of a, 2 tries`);
    expect(listed.out).toContain('the tally is full');
    expect(listed.out).toContain('1 dead letter\n');
    expect(listed.out).not.toContain('"ring"');
    broken = false;
    expect((await command(platform.folder, 'replay', '--id', fact?.id ?? '')).out).toContain('1 dead letter will');
    await expect.poll(() => counted(platform, 'a'), { timeout: 5000 }).toEqual(rings(1));
    expect((await command(platform.folder, 'list')).out).toContain('0 dead letters');
  } finally {
    await relay.stop();
  }
});

test('a dead letter is replayed while the host is down, and has its effect at the next start', async () => {
  const first = startRelay({ platform, reactions: [fragile(() => true)], folder: platform.folder, retry });
  await hang(platform, 'a');
  await ring(platform, 'a');
  await first.drained();
  await first.stop();
  expect((await command(platform.folder, 'replay')).out).toContain('1 dead letter will be delivered again');
  const second = startRelay({ platform, reactions: [countRings], folder: platform.folder });
  expect(await second.drained()).toBe(true);
  await second.stop();
  expect(await counted(platform, 'a')).toEqual(rings(1));
});

test('a mistyped reaction does not pass for one without dead letters; one that is gone may have some', async () => {
  const relay = startRelay({ platform, reactions: [fragile(() => true)], folder: platform.folder, retry });
  await hang(platform, 'a');
  await ring(platform, 'a');
  await relay.drained();
  await relay.stop();
  for (const what of ['list', 'replay']) {
    const mistyped = await command(platform.folder, what, '--reaction', 'notifi');
    expect([mistyped.code, mistyped.out]).toEqual([1, '']);
    expect(mistyped.err).toMatch(/^There is no reaction notifi, and no dead letter .*: .*\bnotify, .*\.$/m);
    const none = await command(platform.folder, what, '--reaction', 'notify');
    expect([none.code, none.out]).toEqual([0, expect.stringContaining('0 dead letters')]);
    const other = await command(platform.folder, what, '--reaction', 'count-rings', '--id', 'another');
    expect([other.code, other.out]).toEqual([0, expect.stringContaining('0 dead letters')]);
  }
  const gone = await command(platform.folder, 'replay', '--reaction', 'count-rings');
  expect([gone.code, gone.out]).toEqual([0, '1 dead letter will be delivered again\n']);
});

test('the command says what it takes, and that a folder holds no bus', async () => {
  const wrong = await command(platform.folder, 'bury');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('list|replay')]);
  const empty = await mkdtemp(join(tmpdir(), 'marquee-empty-'));
  const nothing = await command(empty, 'list');
  expect([nothing.code, nothing.err]).toEqual([1, expect.stringContaining('no bus')]);
  await rm(empty, { recursive: true });
});
