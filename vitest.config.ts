import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    setupFiles: ['test/support/leaks.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // For tests that use ONNX Runtime past the engine, which sees to it itself.
    env: { ORT_DISABLE_TELEMETRY: '1' },
  },
});
