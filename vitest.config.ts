import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/longest-first.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    setupFiles: ['test/support/leaks.ts'],
    // Generous: a test that waits for something waits on a busy machine, too.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: 'forks',
    // Vitest itself does next to nothing while files run: it needs no core of its own.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
    // For tests that use ONNX Runtime past the engine, which sees to it itself.
    env: { ORT_DISABLE_TELEMETRY: '1' },
  },
});
