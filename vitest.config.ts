import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/closingLine.ts'],
    // the browser suites hold a whole Chromium each: two at a time are enough for two cores
    maxWorkers: 2,
    // the suite that holds the heap's size over a million ticks collects garbage itself
    execArgv: ['--expose-gc'],
  },
});
