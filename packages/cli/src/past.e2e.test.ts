/** The past through the program itself, on both stores: processes that each see only what the others left on the disk. */
import { describe, expect, inject, test } from "vitest";
import { buildFirst, mledWith, start, withPackage } from "./testing/built-program.ts";
import { scratch } from "./testing/session.ts";

buildFirst();

describe.each([
  ["files", {}],
  ["sqlite", { MISSION_LEDGER_STORE: "sqlite:plan.db" }],
] as const)("on %s", (name, env) => {
  const mled = mledWith(env);
  const json = (cwd: string, ...argv: readonly string[]) => JSON.parse(mled(cwd, ...argv, "--json").stdout);
  const withLedger = (): string => {
    const cwd = withPackage(scratch(), mled);
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
      const undo = () => start(["undo", "p", "4", "--reason", "r", "--json"], { cwd, env }).ended;
      const answers = (await Promise.all([undo(), undo(), undo()])).map(({ stdout }) => JSON.parse(stdout));
      expect(answers.every(({ ok }) => ok)).toBe(true);
      expect(answers.filter(({ data }) => data.events.length > 0)).toHaveLength(1);
      expect(json(cwd, "log", "p").data.events).toHaveLength(8);
    },
    60_000,
  );
});
