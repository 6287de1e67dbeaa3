import { describe, expect, test } from 'vitest';
import { settingsOf, settingsOfNpmStart } from '../../bench/npm-start.ts';

describe('the settings of npm start', () => {
  test('are the variables before its command, and the flags of Node as NODE_OPTIONS', () => {
    const script = 'ONE=1 TWO=b exec node --max-old-space-size=1024 --v8-pool-size=0 main.mjs || node main.mjs';
    const flags = '--max-old-space-size=1024 --v8-pool-size=0';
    expect(settingsOf(script)).toEqual({ ONE: '1', TWO: 'b', NODE_OPTIONS: flags });
    expect(settingsOfNpmStart().NODE_OPTIONS).toContain('--max-old-space-size=');
  });

  test.each(['ONE=1 node --max-old-space-size=1024 main.mjs', 'ONE=1 exec node main.mjs', ''])(
    'are not guessed of "%s"',
    (script) => {
      expect(() => settingsOf(script)).toThrow(`in "${script}"`);
    },
  );
});
