/** `npm run test:faults`: the fault tests in full, one file at a time, which takes most of an hour. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    env: { CYCLEBOX_FAULTS_FULL: '1' },
    testTimeout: 600_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
