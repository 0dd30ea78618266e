import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@mission-ledger/source"] },
  ssr: {
    resolve: { conditions: ["@mission-ledger/source"], externalConditions: ["@mission-ledger/source"] },
  },
  test: {
    globalSetup: ["test/scratch.setup.ts"],
    include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
