import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@mission-ledger/source"] },
  ssr: {
    resolve: { conditions: ["@mission-ledger/source"], externalConditions: ["@mission-ledger/source"] },
  },
  test: {
    globalSetup: ["test/scratch.setup.ts", "test/sqlite.setup.ts"],
    include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    // Half of the time goes to waiting for disks and child processes, so every core may have a worker.
    maxWorkers: "100%",
    testTimeout: 60_000,
    // What ought to happen soon happens; how soon is for the machine to say.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
  },
});
