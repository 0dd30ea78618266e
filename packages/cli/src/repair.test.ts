import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { planned, type Session } from "./testing/session.ts";

const inLedger = (shell: Session, ...parts: readonly string[]): string =>
  path.join(shell.directory, ".mission-ledger", ...parts);
const logOf = (shell: Session): string => inLedger(shell, "log", "mission-p.jsonl");
const linesOf = (shell: Session): string[] => readFileSync(logOf(shell), "utf8").split("\n").slice(0, -1);
const writeLines = (shell: Session, lines: readonly string[]): void => {
  rmSync(inLedger(shell, "cache"), { recursive: true, force: true });
  writeFileSync(logOf(shell), lines.map((line) => `${line}\n`).join(""));
};

/** A flipped bit, and text that somebody typed into the log. */
const damage = (shell: Session): Buffer => {
  const sound = readFileSync(logOf(shell));
  const [first, second, ...rest] = linesOf(shell);
  writeLines(shell, [
    first as string,
    "typed by hand",
    (second as string).replace("Login", "Mogin"),
    ...rest,
  ]);
  return sound;
};

describe("mled repair", () => {
  test("mends what is proven, says what it did, and is what every other command pointed at", async () => {
    const shell = await planned();
    const sound = damage(shell);
    const damaged = readFileSync(logOf(shell));
    expect((await shell.json("wp", "claim", "p/WP01")).envelope.error?.hint).toContain("mled repair p");
    expect((await shell.json("verify")).envelope.error?.hint).toContain("mled repair p");
    const { findings } = (await shell.json("doctor")).data;
    expect(findings).toContainEqual(
      expect.objectContaining({ severity: "damage", command: "mled repair p" }),
    );

    const look = await shell.json("repair", "--dry-run");
    expect(look).toMatchObject({
      code: 0,
      data: { dryRun: true, repairs: [{ mission: "p", outcome: "would_repair" }] },
    });
    expect(readFileSync(logOf(shell)).equals(damaged)).toBe(true);

    const { code, out } = await shell.run("repair");
    expect(code).toBe(0);
    expect(out).toMatch(/^mended {2}p {3}\d+ records, rev \d+/);
    expect(out).toContain("one flipped bit, proven by checksum, digest and links at offset");
    expect(out).toContain("set aside  14 bytes at offset");
    const [old] = readdirSync(inLedger(shell, "quarantine"));
    expect(out).toContain(`the old file, whole: ${inLedger(shell, "quarantine", old as string)}`);
    expect(readFileSync(inLedger(shell, "quarantine", old as string)).equals(damaged)).toBe(true);
    expect(readFileSync(logOf(shell)).equals(sound)).toBe(true);
    expect((await shell.run("verify")).code).toBe(0);
    expect((await shell.run("wp", "claim", "p/WP01")).code).toBe(0);
    expect((await shell.run("repair")).out).toBe("nothing to mend in 1 log\n");
    expect((await shell.run("repair", "p")).out).toMatch(/^sound {3}p {3}\d+ records, nothing to mend\n$/);
  });

  test("recovers a log whose flush failed, and doctor names it as the command", async () => {
    const shell = await planned();
    writeFileSync(inLedger(shell, "lock", "mission-p.suspect"), "");
    expect((await shell.json("wp", "claim", "p/WP01")).envelope.error).toMatchObject({
      code: "DURABILITY_UNKNOWN",
      hint: expect.stringContaining("mled repair"),
    });
    expect((await shell.json("doctor")).data.findings).toContainEqual(
      expect.objectContaining({ kind: "suspect", command: "mled repair p" }),
    );
    const { code, out } = await shell.run("repair");
    expect([code, out]).toEqual([0, expect.stringContaining("the log was written anew and flushed")]);
    expect((await shell.run("wp", "claim", "p/WP01")).code).toBe(0);
  });

  test("changes nothing where events are missing, and says what each way out costs", async () => {
    const shell = await planned();
    const lines = linesOf(shell);
    writeLines(shell, lines.toSpliced(1, 1));
    const before = readFileSync(logOf(shell));
    const { code, envelope, data } = await shell.json("repair", "p");
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({
      code: "LOG_CORRUPT",
      message: expect.stringContaining("lacks events between revision"),
    });
    expect(envelope.error?.hint).toContain("mled repair p --from <file>");
    expect(envelope.error?.hint).toContain(
      `give up ${lines.length - 2} records behind the hole: mled repair p --accept-loss`,
    );
    expect(data.repairs[0].lost).toHaveLength(lines.length - 2);
    expect(readFileSync(logOf(shell)).equals(before)).toBe(true);
    expect((await shell.run("repair")).code).toBe(8);

    const cut = await shell.run("repair", "p", "--accept-loss");
    expect(cut.code).toBe(0);
    expect(cut.out).toContain("given up   rev");
    expect(linesOf(shell)).toEqual(lines.slice(0, 1));
    const [old] = readdirSync(inLedger(shell, "quarantine"));
    expect(readFileSync(inLedger(shell, "quarantine", old as string)).equals(before)).toBe(true);
    // What was given up came back to hand: the quarantine holds it, but not the record that was missing.
    writeLines(shell, lines);
    expect((await shell.run("verify")).code).toBe(0);
  });

  test("takes missing records from a named copy, from the published one in the work tree, and from the quarantine", async () => {
    for (const source of ["named", "published", "quarantine"]) {
      const shell = await planned();
      // As in a git repository: the ledger lies elsewhere, the work tree holds a copy of its log.
      const ledger = path.join(shell.directory, "git", "mission-ledger");
      mkdirSync(path.dirname(ledger));
      renameSync(inLedger(shell), ledger);
      const log = path.join(ledger, "log", "mission-p.jsonl");
      const sound = readFileSync(log);
      const published = inLedger(shell, "log", "mission-p.jsonl");
      if (source === "published") mkdirSync(path.dirname(published), { recursive: true });
      if (source === "published") copyFileSync(log, published);
      const named = path.join(shell.directory, "backup.jsonl");
      if (source === "named") copyFileSync(log, named);
      mkdirSync(path.join(ledger, "quarantine"));
      if (source === "quarantine")
        copyFileSync(
          log,
          path.join(ledger, "quarantine", "mission-p.20260101T000000000Z.0123456789ab.jsonl"),
        );
      const lines = sound.toString("utf8").split("\n");
      writeFileSync(log, lines.toSpliced(1, 2).join("\n"));
      const flags = source === "named" ? ["--from", "backup.jsonl"] : [];
      const { code, data } = await shell.json("repair", "p", "--ledger", ledger, ...flags);
      expect([source, code]).toEqual([source, 0]);
      expect(data.repairs[0].restored).toHaveLength(2);
      expect(data.repairs[0].from).toContain(
        source === "named" ? "backup" : source === "published" ? ".mission-ledger" : "quarantine",
      );
      expect(readFileSync(log).equals(sound)).toBe(true);
    }
  });

  test("finds records that stand in the log, only not where they belong", async () => {
    const shell = await planned();
    const lines = linesOf(shell);
    const [first, second, third] = lines as [string, string, string];
    writeLines(shell, [first, third, second, ...lines.slice(3)]);
    const { code, out } = await shell.run("repair", "p");
    expect(code).toBe(0);
    expect(out).toContain("it stood elsewhere in the log");
    expect(linesOf(shell).slice(0, 3)).toEqual([first, second, third]);
    expect((await shell.run("verify")).code).toBe(0);
  });

  test("counts from the first event, and names no price where there is none", async () => {
    const shell = await planned();
    const lines = linesOf(shell);
    writeLines(shell, lines.slice(1));
    expect((await shell.json("repair", "p")).envelope.error?.message).toContain("before revision 1,");
    writeLines(shell, [...lines.slice(0, -1), `${lines.at(-1)}`.slice(0, -90)]);
    expect((await shell.json("repair", "p")).envelope.error?.hint).toContain(
      "give up what is missing: mled repair",
    );
  });

  test("is what a writer is pointed at when git left its markers in the log", async () => {
    const shell = await planned();
    writeLines(shell, ["<<<<<<< HEAD", ...linesOf(shell)]);
    const { envelope } = await shell.json("wp", "claim", "p/WP01");
    expect(envelope.error).toMatchObject({
      code: "LOG_CONFLICTED",
      hint: expect.stringContaining("mend it: mled repair p"),
    });
  });

  test("makes a log that is gone anew from a copy, and names the command for it", async () => {
    const shell = await planned();
    await shell.run("rebuild");
    const copy = path.join(shell.directory, "copy.jsonl");
    renameSync(logOf(shell), copy);
    expect((await shell.json("doctor")).envelope.error?.hint).toContain("mled repair p --from <file>");
    const refused = await shell.json("repair", "p");
    expect([refused.code, refused.envelope.error?.code, existsSync(logOf(shell))]).toEqual([
      7,
      "STORE_MISSING",
      false,
    ]);
    expect((await shell.run("repair", "p", "--from", "copy.jsonl")).code).toBe(0);
    expect(readFileSync(logOf(shell)).equals(readFileSync(copy))).toBe(true);
    expect((await shell.run("verify")).code).toBe(0);
  });

  test("lists what repairs left in doctor, as notes", async () => {
    const shell = await planned();
    damage(shell);
    await shell.run("repair");
    writeFileSync(inLedger(shell, "log", ".mission-p.0123456789ab.rewrite"), "half a line");
    const { findings } = (await shell.json("doctor")).data;
    for (const kind of ["quarantined", "unfinished_rewrite"])
      expect(findings).toContainEqual(
        expect.objectContaining({ kind, severity: "note", mission: "p", command: null }),
      );
    expect((await shell.run("doctor")).code).toBe(0);
  });

  test("asks for the mission where a person decides, and knows no other than there are", async () => {
    const shell = await planned();
    expect((await shell.run("repair", "--accept-loss")).code).toBe(2);
    expect((await shell.run("repair", "--from", "x")).code).toBe(2);
    expect((await shell.run("repair", "nobody")).code).toBe(3);
    expect((await shell.run("repair", "p", "--from", "nowhere.jsonl")).code).toBe(7);
  });
});
