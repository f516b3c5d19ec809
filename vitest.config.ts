// Test runner settings. Forks, never threads: the embedded engine crashes inside worker threads.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    pool: 'forks',
    // Two at a time on two cores: much of a test's time is a store being opened.
    maxWorkers: 2,
    globalSetup: ['test/build.ts'],
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
