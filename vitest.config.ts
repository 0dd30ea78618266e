import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

/** Processes that race and are killed, by the hundred and thousand. `.ci/run` has them for every push; `npm test` leaves them out. */
const storms = [
  "packages/cli/src/prompts/parallel-prompts.e2e.test.ts",
  "packages/rebuild/src/kill.e2e.test.ts",
  "test/copy-kill.e2e.test.ts",
  "test/esdb-runner.e2e.test.ts",
  "test/esdb/kills.e2e.test.ts",
  "test/esdb/races.e2e.test.ts",
  "test/esdb/same-command.e2e.test.ts",
  "test/kill.e2e.test.ts",
  "test/races.e2e.test.ts",
];

/** Walks through every state or every step of our own protocols. `.ci/run` has them for every push, and `npm test` leaves them out. */
const tables = [
  "packages/cli/src/focus/focus.prop.test.ts",
  "packages/cli/src/surfaces/disk-faults.test.ts",
  "packages/cli/src/surfaces/store-faults.test.ts",
  "packages/store-file/src/append/tampered-steps.test.ts",
  "packages/store-file/src/copy/kill.test.ts",
  "packages/store-file/src/copy/tampered-copy.test.ts",
  "packages/store-file/src/crash.test.ts",
];

/**
 * What takes our own protocols step by step, rests on the answers of git or waits for a server that is not there: long, and the
 * same in every version of Node. On the others (scripts/test-on-node.mjs) the conformance suites run the stores, `surfaces/`
 * each of these commands, and the e2e tests their programs.
 */
const slow = [
  "packages/cli/src/failures.test.ts",
  "packages/cli/src/focus/focus.test.ts",
  "packages/cli/src/guard/changes.test.ts",
  "packages/cli/src/preflight/preflight.test.ts",
  "packages/cli/src/signoff/mission-review.test.ts",
  "packages/cli/src/signoff/ship.test.ts",
  "packages/store-file/src/append/group.test.ts",
  "packages/store-file/src/append/torn-tail.test.ts",
  "packages/store-file/src/snapshot-sets/file-set.test.ts",
];

/**
 * Packages whose test files share a process, which `test/left-behind.setup.ts` watches. A process and all its modules anew
 * for each file are more work than what most files do in them.
 */
const sharing = [
  "core",
  "git",
  "rebuild",
  "spec-kitty",
  "store-eventstoredb",
  "store-file",
  "store-sqlite",
  "testkit",
  "wire-server",
].map((name) => `packages/${name}/src/**/*.test.ts`);

/**
 * They replace modules, and others in the same process would be given what stands in their place; or they look at what a process
 * holds, and would see what others have left to the garbage collection and to the engine.
 */
const alone = [
  "packages/core/src/mission/hidden-classes.test.ts",
  "packages/git/src/run/exhausted.test.ts",
  "packages/git/src/run/run-git.test.ts",
  "packages/store-eventstoredb/src/read/subscribe.test.ts",
  "packages/store-file/src/append/damage.test.ts",
  "packages/store-file/src/append/faults.test.ts",
  "packages/store-file/src/log/fold.test.ts",
  "packages/store-file/src/read/log-order.test.ts",
  "packages/store-file/src/repair/cut-off.test.ts",
  "packages/store-file/src/repair/failed-flush.test.ts",
];

// A file that went elsewhere would be an everyday one, and nobody would know.
for (const file of [...storms, ...tables, ...slow, ...alone]) statSync(path.join(root, file));

const exclude = ["**/node_modules/**", "**/dist/**"];

export default defineConfig({
  resolve: { conditions: ["@mission-ledger/source"] },
  ssr: {
    resolve: { conditions: ["@mission-ledger/source"], externalConditions: ["@mission-ledger/source"] },
  },
  test: {
    globalSetup: ["test/scratch.setup.ts", "test/sqlite.setup.ts"],
    // A third of the time goes to waiting for disks, servers and child processes: two cores may have three workers.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    // What ought to happen soon happens; how soon is for the machine to say. These end what hangs, and nothing that is only slow.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      { extends: true, test: { name: "storms", include: storms, exclude } },
      { extends: true, test: { name: "tables", include: tables, exclude } },
      { extends: true, test: { name: "slow", include: slow, exclude } },
      { extends: true, test: { name: "alone", include: alone, exclude } },
      {
        extends: true,
        test: {
          name: "together",
          include: sharing,
          exclude: [...exclude, ...storms, ...tables, ...slow, ...alone],
          isolate: false,
          setupFiles: ["test/left-behind.setup.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "everyday",
          include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...exclude, ...storms, ...tables, ...slow, ...sharing],
        },
      },
    ],
  },
});
