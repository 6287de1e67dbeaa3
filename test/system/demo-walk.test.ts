import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { killAll, launch } from '../support/marquee.ts';

const DEMO = [process.execPath, 'infra/local/cli/run.mjs', 'infra/local/demo-walk.ts'];
const STEPS = [
  'Sign-up',
  'The house',
  'Enquiry',
  'Reservation: a conflict',
  'Order',
  'Confirmation',
  'Load-out to return',
  'Inspection, damage, retirement',
  'Who was told what',
];

afterEach(killAll);

async function foldersOf(said: string): Promise<readonly string[]> {
  const name = /with its data in \S*[/\\](\S+)$/m.exec(said)?.[1] ?? expect.fail(said);
  return (await readdir(tmpdir())).filter((one) => one === name);
}

test('npm run demo walks one job through the API, finds it right and leaves nothing behind', async () => {
  // A caller's own settings must not lead it to a real account, another folder or a port that is taken.
  const settings = { PORT: '1', DATA_DIR: '/nowhere', SEED: 'demo', SMTP_URL: 'smtp://127.0.0.1:1' };
  const { status, said } = await launch(settings, DEMO).ended;
  expect(said).toMatch(/All \d+ checks hold/);
  expect(status).toBe(0);
  STEPS.forEach((title, n) => {
    expect(said).toContain(`\n${n + 1}. ${title}`);
  });
  expect(await foldersOf(said)).toEqual([]);
}, 120_000);

test('npm run demo stopped in the middle leaves nothing behind', async () => {
  const demo = launch({}, DEMO);
  await expect.poll(demo.said, { timeout: 60_000 }).toContain('1. Sign-up');
  demo.child.kill('SIGINT');
  const { status, said } = await demo.ended;
  expect(status).toBe(130);
  expect(await foldersOf(said)).toEqual([]);
}, 90_000);
