/** A log or a database that was replaced by an older copy, told to whoever reads or writes after that, in both stores. */
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { openLedger } from "./index.ts";
import { planned, type Session } from "./testing/session.ts";

interface Kind {
  readonly store: "files" | "sqlite";
  begin(): Promise<Session>;
  /** What holds the log, and goes into a backup. */
  log(shell: Session): string;
}

const files: Kind = {
  store: "files",
  begin: () => planned(),
  log: ({ directory }) => path.join(directory, ".mission-ledger", "log"),
};
const sqlite: Kind = {
  store: "sqlite",
  begin: () => planned({ env: { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: "sqlite:plan.db" } }),
  log: ({ directory }) => path.join(directory, "plan.db"),
};
const kinds = inject("sqlite") ? [files, sqlite] : [files];

interface Backup {
  restore(): void;
}

const backUp = ({ log }: Kind, shell: Session): Backup => {
  const [from, to] = [log(shell), path.join(shell.directory, "backup")];
  cpSync(from, to, { recursive: true });
  return {
    restore: () => {
      for (const end of ["", "-wal", "-shm"]) rmSync(`${from}${end}`, { recursive: true, force: true });
      cpSync(to, from, { recursive: true });
    },
  };
};

const add = (shell: Session, title: string) => shell.json("wp", "add", "p", title);

/** Views stand at event 8, and the log ends at 7. */
const older = async (kind: Kind): Promise<Session> => {
  const shell = await kind.begin();
  const backup = backUp(kind, shell);
  await add(shell, "More");
  await shell.run("rebuild");
  backup.restore();
  return shell;
};

const told = expect.stringMatching(
  /^LOG_REPLACED: mission-p does not hold event \d+ \([0-9a-f]{12}\) that was remembered of it: it ended at event \d+ \(.*--accept-replaced/,
);

describe.each(kinds)("$store, replaced by an older copy", (kind) => {
  test("a writer that begins afterwards is told so with its receipt, each time", async () => {
    const shell = await older(kind);
    for (const title of ["Again", "And again"]) {
      const { code, envelope } = await add(shell, title);
      expect({ code, warnings: envelope.warnings }).toEqual({
        code: 0,
        warnings: [expect.stringMatching(/^LOG_REPLACED: mission-p does not hold event \d+ /)],
      });
    }
    const { err } = await shell.run("wp", "add", "p", "On a terminal");
    expect(err).toContain("LOG_REPLACED: mission-p does not hold event");
  });

  test("a reader is told so, and sees what the log holds", async () => {
    const shell = await older(kind);
    for (const argv of [["board", "p"], ["next"], ["mission", "show", "p"]]) {
      const { code, envelope } = await shell.json(...argv);
      expect({ code, warnings: envelope.warnings }, argv.join(" ")).toEqual({ code: 0, warnings: [told] });
    }
  });

  test("a copy that is newer than the views, or equal to the log, is no news", async () => {
    const shell = await kind.begin();
    await shell.run("rebuild");
    await add(shell, "After the views");
    const backup = backUp(kind, shell);
    backup.restore();
    expect(await add(shell, "More")).toMatchObject({ code: 0, envelope: { warnings: [] } });
    expect(await shell.json("board", "p")).toMatchObject({ code: 0, envelope: { warnings: [] } });
    expect(await shell.json("rebuild")).toMatchObject({ code: 0, envelope: { warnings: [] } });
    expect(await shell.json("doctor")).toMatchObject({ code: 0, envelope: { warnings: [] } });
  });
});

describe.each(kinds)("$store, older than the views that were made of it", (kind) => {
  test("a rebuild leaves those views, says so with 8 each time, and doctor and verify go on telling it", async () => {
    const shell = await older(kind);
    await add(shell, "Written on the older copy");
    for (const argv of [
      ["rebuild", "--verify"],
      ["rebuild", "--dry-run"],
      ["rebuild"],
      ["rebuild", "--workers", "2"],
      ["rebuild", "p"],
      ["verify"],
      ["doctor"],
    ]) {
      const { code, envelope, data } = await shell.json(...argv);
      expect({ code, error: envelope.error }, argv.join(" ")).toMatchObject({
        code: 8,
        error: { code: "LOG_REPLACED", message: expect.stringMatching(/mission-p .*event 8\b/) },
      });
      if (argv[0] === "rebuild") {
        expect(data.written).toBe(false);
        expect(envelope.warnings).toEqual([]);
        expect(envelope.error?.hint).toContain("mled rebuild p --accept-replaced");
      }
    }
    expect((await shell.run("rebuild", "--jsonl")).out).toContain('"type":"problem"');
  });

  test("is taken for right once somebody says so, for one mission or for all", async () => {
    for (const argv of [["rebuild", "p"], ["rebuild"]]) {
      const shell = await older(kind);
      const { code, envelope } = await shell.json(...argv, "--accept-replaced");
      expect({ code, error: envelope.error }).toEqual({ code: 0, error: null });
      expect(envelope.warnings).toContain(
        "p: board stands at an event of revision 8 that the log does not hold; made anew",
      );
      expect(await add(shell, "More")).toMatchObject({ code: 0, envelope: { warnings: [] } });
      for (const check of ["doctor", "verify"]) expect((await shell.json(check)).code, check).toBe(0);
      expect(await shell.json("rebuild")).toMatchObject({ code: 0, envelope: { warnings: [] } });
    }
  });

  test("is not taken for right by a comparison", async () => {
    const shell = await older(kind);
    for (const flag of ["--verify", "--dry-run"])
      expect((await shell.json("rebuild", flag, "--accept-replaced")).code, flag).toBe(2);
  });
});

describe.skipIf(!inject("sqlite"))("a database that lacks a mission as a whole", () => {
  const lacking = async (): Promise<Session> => {
    const shell = await sqlite.begin();
    const backup = backUp(sqlite, shell);
    await shell.run("mission", "create", "q", "Quiet");
    await shell.run("rebuild");
    backup.restore();
    return shell;
  };

  test("is told by rebuild, doctor and verify, and the views of the mission stay", async () => {
    const shell = await lacking();
    for (const argv of [
      ["rebuild"],
      ["rebuild", "--workers", "2"],
      ["rebuild", "--verify"],
      ["doctor"],
      ["verify"],
    ])
      expect(await shell.json(...argv), argv.join(" ")).toMatchObject({
        code: 8,
        envelope: {
          error: {
            code: "LOG_REPLACED",
            message: expect.stringMatching(/mission-q .*event 0\b.*: it holds none/),
          },
        },
      });
    expect((await shell.json("rebuild")).envelope.error?.hint).toContain("mled rebuild --accept-replaced");
    expect(await shell.json("mission", "create", "q", "Again")).toMatchObject({
      code: 8,
      envelope: { error: { code: "LOG_REPLACED" } },
    });
  });

  test("is taken for right once somebody says so, and the slug is free again", async () => {
    const shell = await lacking();
    expect((await shell.json("rebuild", "--accept-replaced")).code).toBe(0);
    for (const check of [["doctor"], ["verify"], ["rebuild"], ["mission", "create", "q", "Again"]])
      expect(await shell.json(...check), check.join(" ")).toMatchObject({
        code: 0,
        envelope: { warnings: [] },
      });
  });

  test("that was emptied is taken for right too", async () => {
    const shell = await sqlite.begin();
    await shell.run("rebuild");
    for (const end of ["", "-wal", "-shm"]) rmSync(`${sqlite.log(shell)}${end}`, { force: true });
    await shell.run("init");
    expect((await shell.json("rebuild", "--accept-replaced")).code).toBe(0);
    expect((await shell.json("mission", "create", "p", "Again")).code).toBe(0);
  });
});

describe.each(kinds)("$store, replaced under a process that stays open", (kind) => {
  test("the next receipt says what this process had seen, and those after it are as ever", async () => {
    const shell = await kind.begin();
    const heard: string[] = [];
    const ledger = await openLedger({
      actor: "ana",
      cwd: shell.directory,
      store: kind.store === "sqlite" ? "sqlite:plan.db" : "file:.mission-ledger",
      onWarning: ({ code }) => heard.push(code),
    });
    try {
      const handle = ledger.engine.mission("p");
      const annotate = (text: string) => handle.execute({ type: "AddNote", workPackageId: "WP01", text });
      await annotate("kept");
      const backup = backUp(kind, shell);
      const lost = await annotate("lost");
      backup.restore();
      const receipt = await annotate("after");
      expect(receipt.readback).toBe("verified");
      expect(receipt.warnings).toEqual([
        {
          code: "LOG_REPLACED",
          message: expect.stringContaining(
            `does not hold event ${lost.revision} (${lost.digest?.slice(0, 12)})`,
          ),
          hint: expect.stringContaining("--accept-replaced"),
        },
      ]);
      expect(heard).toEqual(["LOG_REPLACED"]);
      expect((await annotate("later")).warnings).toEqual([]);
    } finally {
      await ledger.close();
    }
  });
});
