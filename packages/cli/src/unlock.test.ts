import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { nodeFiles } from "@mission-ledger/store-file";
import { describe, expect, test } from "vitest";
import { runLedger } from "./run/run-ledger.ts";
import { planned, type Session } from "./testing/session.ts";

const inLedger = (shell: Session, ...parts: readonly string[]): string =>
  path.join(shell.directory, ".mission-ledger", ...parts);

const noBinary = (): never => {
  throw new Error("no binary for this system");
};

/** The newest generation of the mission's lock, on a ledger that was begun where there is no binary. */
const generationOf = (shell: Session): string => {
  const folder = inLedger(shell, "lock", "generation", "mission-p.lock");
  return path.join(folder, readdirSync(folder).sort().at(-1) as string);
};

/** Makes somebody the holder who lives where we cannot see. */
const takenElsewhere = (shell: Session): void => {
  const file = generationOf(shell);
  const boot = path.basename(file).split(".")[0];
  writeFileSync(file, `held 4711 2026-03-01T09:00:00.000Z 99 1-1 ${boot}\n`);
};

describe("mled unlock", () => {
  test("on a kernel lock says that nothing needs unlocking, and names the process that has it", async () => {
    const shell = await planned();
    expect((await shell.run("unlock", "p")).out).toContain("p: kernel lock, free");
    const fd = nodeFiles.open(inLedger(shell, "lock", "mission-p.lock"), 2);
    nodeFiles.tryLock(fd);
    const { code, data } = await shell.json("unlock", "p", "--force");
    expect(code).toBe(0);
    expect(data.locks[0]).toMatchObject({ kind: "kernel", state: "held", freed: false, generation: null });
    if (process.platform === "linux")
      expect(data.locks[0].holder).toMatchObject({ pid: process.pid, proven: true, state: "alive" });
    expect((await shell.run("unlock", "p")).out).toContain("nothing to unlock: it ends with its process");
    nodeFiles.close(fd);
  });

  test("frees a lock of plain files whose holder nobody can judge, only with --force", async () => {
    const shell = await planned({ loadLockBinding: noBinary });
    expect(readFileSync(inLedger(shell, "lock", "kind"), "utf8")).toBe("generation\n");
    takenElsewhere(shell);
    const asked = await shell.json("unlock", "p");
    expect(asked.code).toBe(4);
    expect(asked.envelope.error).toMatchObject({
      code: "INPUT_REQUIRED",
      details: { holder: { pid: 4711 } },
    });
    expect((await shell.run("unlock", "p")).out).toContain(
      "process 4711 since 2026-03-01T09:00:00.000Z, if it lives",
    );

    const dry = await shell.json("unlock", "p", "--force", "--dry-run");
    expect(dry).toMatchObject({ code: 4, data: { dryRun: true, locks: [{ freed: false }, {}] } });

    const forced = await shell.json("unlock", "p", "--force");
    expect(forced.code).toBe(0);
    expect(forced.data.locks[0]).toMatchObject({ state: "unjudged", freed: true, holder: { pid: 4711 } });
    expect((await shell.run("wp", "add", "p", "Next")).code).toBe(0);
    expect((await shell.json("unlock", "p")).data.locks[0]).toMatchObject({ state: "free", freed: false });
  });

  test("keeps a lock of plain files whose holder lives, with --force too", async () => {
    const shell = await planned({ loadLockBinding: noBinary });
    const file = generationOf(shell);
    writeFileSync(file, readFileSync(file, "latin1").replace("free", "held"));
    const { code, data } = await shell.json("unlock", "p", "--force");
    expect(code).toBe(0);
    expect(data.locks[0]).toMatchObject({ state: "held", freed: false, holder: { pid: process.pid } });
  });

  test("switches the kind of lock of the whole ledger", async () => {
    const shell = await planned();
    expect((await shell.run("unlock", "--switch", "generation", "--dry-run")).out).toContain("would be kept");
    expect(await shell.json("unlock", "--switch", "generation")).toMatchObject({
      code: 0,
      data: { lock: "generation", changed: true },
    });
    expect(await shell.json("unlock", "--switch", "generation")).toMatchObject({ data: { changed: false } });
    expect((await shell.run("wp", "add", "p", "Next")).code).toBe(0);
    expect(readdirSync(inLedger(shell, "lock", "generation"))).toContain("mission-p.lock");
    expect((await shell.json("unlock", "p")).data.locks[0].kind).toBe("generation");
  });

  test("does not switch while a lock is held, nor blindly unless told to", async () => {
    const shell = await planned();
    const fd = nodeFiles.open(inLedger(shell, "lock", "mission-p.lock"), 2);
    nodeFiles.tryLock(fd);
    const { code, envelope } = await shell.json("unlock", "--switch", "generation", "--force");
    expect(code).toBe(7);
    expect(envelope.error?.code).toBe("LOCK_TIMEOUT");
    nodeFiles.close(fd);

    const blind = shell.io({ loadLockBinding: noBinary });
    expect(await runLedger(["wp", "add", "p", "Next"], blind)).toBe(7);
    expect(blind.text().err).toContain("mled unlock --switch generation");
    expect(await runLedger(["unlock", "--switch", "generation"], blind)).toBe(7);
    expect(await runLedger(["unlock", "--switch", "generation", "--force"], blind)).toBe(0);
    expect(await runLedger(["wp", "add", "p", "Next"], blind)).toBe(0);
  });

  test("knows no lock of a mission that is not there", async () => {
    const shell = await planned();
    expect((await shell.json("unlock", "nope")).code).toBe(3);
  });
});
