import { defineConfig } from 'vitest/config';

const report = process.env.MARQUEE_TEST_REPORT;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    globalSetup: ['test/support/azurite-global-setup.ts'],
    /** `npm test` counts from the JSON report. */
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
