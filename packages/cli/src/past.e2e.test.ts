/** The past through the program itself, on both stores: processes that each see only what the others left on the disk. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { scratch } from "./testing/session.ts";

const cli = fileURLToPath(new URL("..", import.meta.url));
const bin = path.join(cli, "bin", "mled.cjs");

beforeAll(() => {
  if (existsSync(path.join(cli, "dist", "bin", "mled-bundle.cjs"))) return;
  const built = spawnSync(process.execPath, [path.join(cli, "..", "..", "scripts", "bundle-cli.mjs")], {
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(built.stderr);
});

const envOf = (store: string | undefined) => ({
  PATH: process.env.PATH ?? "",
  MISSION_LEDGER_ACTOR: "ada",
  ...(store === undefined ? {} : { MISSION_LEDGER_STORE: store }),
});

describe.each([
  ["files", undefined],
  ["sqlite", "sqlite:plan.db"],
] as const)("on %s", (name, store) => {
  const mled = (cwd: string, ...argv: readonly string[]) =>
    spawnSync(process.execPath, [bin, ...argv], { cwd, env: envOf(store), encoding: "utf8" });
  const json = (cwd: string, ...argv: readonly string[]) => JSON.parse(mled(cwd, ...argv, "--json").stdout);
  const withLedger = (): string => {
    const cwd = scratch();
    mled(cwd, "init");
    mled(cwd, "mission", "create", "p", "Title");
    mled(cwd, "wp", "add", "p", "One");
    mled(cwd, "wp", "claim", "p/WP01");
    return cwd;
  };

  test.skipIf(name === "sqlite" && !inject("sqlite"))(
    "a claim is seen, told apart, explained and taken back, and the ledger is sound",
    () => {
      const cwd = withLedger();
      const [, , , , moved] = json(cwd, "log", "p").data.events;
      expect(json(cwd, "board", "p", "--at", "2").data).toMatchObject({ revision: 2, at: { isEnd: false } });
      expect(json(cwd, "wp", "show", "WP01", "--at", moved.position).data).toMatchObject({ lane: "claimed" });
      expect(json(cwd, "wp", "list", "--at", "9999999999999999").error).toMatchObject({ code: "USAGE" });
      expect(json(cwd, "diff", "p", "2").data.changes[0]).toMatchObject({ field: "lane", after: "claimed" });
      expect(json(cwd, "explain", "WP01", "lane").data.madeBy).toMatchObject({ eventId: moved.eventId });
      const undone = json(cwd, "undo", "WP01", moved.eventId, "--reason", "wrong one");
      expect(undone.data).toMatchObject({ lane: "planned", readback: "verified", undoes: moved.eventId });
      expect(json(cwd, "explain", "WP01", "lane").data).toMatchObject({ value: "planned" });
      expect(mled(cwd, "verify").status).toBe(0);
    },
    60_000,
  );

  test.skipIf(name === "sqlite" && !inject("sqlite"))(
    "processes that undo the same at once do it once",
    async () => {
      const cwd = withLedger();
      const undo = () =>
        new Promise<string>((resolve) => {
          let out = "";
          const child = spawn(process.execPath, [bin, "undo", "p", "4", "--reason", "r", "--json"], {
            cwd,
            env: envOf(store),
            stdio: ["ignore", "pipe", "ignore"],
          });
          child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
          child.on("close", () => resolve(out));
        });
      const answers = (await Promise.all([undo(), undo(), undo()])).map((out) => JSON.parse(out));
      expect(answers.every(({ ok }) => ok)).toBe(true);
      expect(answers.filter(({ data }) => data.events.length > 0)).toHaveLength(1);
      expect(json(cwd, "log", "p").data.events).toHaveLength(8);
    },
    60_000,
  );
});
