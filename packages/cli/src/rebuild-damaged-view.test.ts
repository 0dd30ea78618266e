/** A stored view that was changed by hand, and not by a program that seals it: nobody starts from it, and it is told. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { changeDatabase } from "./testing/database.ts";
import { planned, type Session } from "./testing/session.ts";

const place = (shell: Session): string => path.join(shell.directory, ".mission-ledger/cache/snapshots");

const changeFile = (shell: Session, isMeant: (name: string) => boolean): void => {
  const name = readdirSync(place(shell)).find(isMeant) as string;
  const file = path.join(place(shell), name);
  const text = readFileSync(file, "utf8");
  const changed = text.replace(/"lane":"planned"/g, '"lane":"blocked"');
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
};

const env = { MISSION_LEDGER_ACTOR: "tester" };
const onSqlite = { env: { ...env, MISSION_LEDGER_STORE: "sqlite:plan.db" } };

const stores: readonly (readonly [
  store: string,
  open: () => Promise<Session>,
  change: (shell: Session) => void,
])[] = [
  ["a set of files", () => planned(), (shell) => changeFile(shell, (name) => name.endsWith(".pack"))],
  [
    "a file of its own",
    async () => {
      const shell = await planned();
      await shell.run("rebuild");
      rmSync(path.join(shell.directory, ".mission-ledger/cache"), { recursive: true });
      await shell.run("rebuild", "p");
      return shell;
    },
    (shell) => changeFile(shell, (name) => name.startsWith("mission-p.mission-board")),
  ],
  ...(inject("sqlite")
    ? ([
        [
          "a database",
          () => planned(onSqlite),
          (shell: Session) =>
            changeDatabase(path.join(shell.directory, "plan.db-cache"), (db) =>
              db.exec(
                `UPDATE cache_snapshots SET state = replace(state, '"planned"', '"blocked"') WHERE name = 'mission-board'`,
              ),
            ),
        ],
      ] as const)
    : []),
];

describe.each(stores)("in %s", (store, open, change) => {
  test("it is shown by nobody, told by every check with exit 8 or an action, and made anew by a rebuild", async () => {
    const shell = await open();
    if (store !== "a file of its own") await shell.run("rebuild");
    expect((await shell.run("rebuild", "--verify")).code).toBe(0);
    change(shell);
    expect((await shell.run("board", "p")).out).not.toContain("blocked 1");
    const checked = await shell.json("rebuild", "--verify");
    expect(checked).toMatchObject({ code: 8, data: { equal: false } });
    expect(checked.envelope.error).toMatchObject({
      code: "PROJECTION_DRIFT",
      details: {
        views: expect.arrayContaining([
          expect.objectContaining({ mission: "p", view: "board", kind: "damaged" }),
        ]),
      },
    });
    const said = "p: board is damaged where it is stored, so nobody starts from it";
    expect((await shell.run("rebuild", "--verify")).out).toContain(said);
    const verified = await shell.run("verify");
    expect(verified).toMatchObject({ code: 8, out: expect.stringContaining(said) });
    expect((await shell.run("doctor")).out).toContain(said);
    expect((await shell.run("rebuild", "p")).err).toContain("board");
    expect((await shell.run("rebuild", "--verify")).code).toBe(0);
  });
});
