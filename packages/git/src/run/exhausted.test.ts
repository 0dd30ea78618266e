/** A system that can start no process, which no test can bring about on purpose without harm to the others. */
import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { readDivergence } from "../divergence/divergence.ts";
import { runGit } from "./run-git.ts";

const start = vi.hoisted(() => ({ code: "" }));

/** Source: Node's `ChildProcess.prototype.spawn`, which makes no streams where it runs out of descriptors. */
vi.mock("node:child_process", () => ({
  spawn: () => {
    const child = Object.assign(new EventEmitter(), { kill: () => false, unref: () => {} });
    process.nextTick(() => child.emit("error", Object.assign(new Error("spawn git"), { code: start.code })));
    return child;
  },
}));

test.each(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"])(
  "git that is not started for %s may be tried again",
  async (code) => {
    start.code = code;
    const fault = { code: "RESOURCES_EXHAUSTED", retryable: true, outcome: "not_written" };
    await expect(runGit({ cwd: "/" }, ["status"])).rejects.toMatchObject(fault);
    await expect(readDivergence({ cwd: "/" }, { branch: "main", fetch: true })).rejects.toMatchObject(fault);
  },
);
