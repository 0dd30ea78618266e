/** Readers start from what they remember; damage behind that place must not go unsaid. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { planned, type Session } from "./testing/session.ts";

const inLedger = (shell: Session, ...parts: readonly string[]): string =>
  path.join(shell.directory, ".mission-ledger", ...parts);
const logOf = (shell: Session, slug: string): string => inLedger(shell, "log", `mission-${slug}.jsonl`);

/** Mission `p`, in which WP01 was claimed last; mission `z` with one package. */
const withTwo = async (): Promise<Session> => {
  const shell = await planned();
  await shell.run("mission", "create", "z", "Other");
  await shell.run("wp", "add", "z", "Sound");
  await shell.run("rebuild");
  await shell.run("wp", "claim", "p/WP01");
  return shell;
};

const readers = [
  ["board", "p"],
  ["log"],
  ["log", "p"],
  ["ready"],
  ["ready", "p"],
  ["next"],
  ["next", "p"],
  ["wp", "list"],
  ["wp", "list", "p"],
  ["wp", "show", "p/WP01"],
  ["mission", "list"],
  ["mission", "show", "p"],
  ["watch", "--after", "0", "--limit", "1"],
];

const damages: readonly (readonly [what: string, harm: (shell: Session) => void, warning: string])[] = [
  [
    "the last line feed is flipped",
    (shell) => writeFileSync(logOf(shell, "p"), readFileSync(logOf(shell, "p"), "utf8").replace(/\n$/, "\v")),
    "LOG_CORRUPT: the end of the log of p is damaged; what was done last is missing here, and nobody writes; next: mled repair p",
  ],
  [
    "the last line is damaged",
    (shell) => {
      const text = readFileSync(logOf(shell, "p"), "utf8");
      writeFileSync(logOf(shell, "p"), text.replace(/"(?=[^"]*\n$)/, "'"));
    },
    "LOG_CORRUPT: the end of the log of p is damaged; what was done last is missing here, and nobody writes; next: mled repair p",
  ],
  [
    "a merge left its markers",
    (shell) => writeFileSync(logOf(shell, "p"), ">>>>>>> theirs\n", { flag: "a" }),
    "LOG_CONFLICTED: the log of p holds the markers of a merge, and nobody writes; next: mled repair p",
  ],
  [
    "a flush failed",
    (shell) => writeFileSync(inLedger(shell, "lock", "mission-p.suspect"), ""),
    "DURABILITY_UNKNOWN: a flush of the log of p failed; what you see may not be on the disk, and nobody writes; next: mled repair p",
  ],
];

describe.each(damages)("where %s", (_, harm, warning) => {
  test("every reading command says so, on standard error and in the envelope", async () => {
    const shell = await withTwo();
    expect((await shell.json("board", "p")).envelope.warnings).toEqual([]);
    harm(shell);
    for (const argv of readers) {
      const { code, err } = await shell.run(...argv);
      expect([argv, code, err]).toEqual([argv, 0, expect.stringContaining(warning)]);
      if (argv[0] === "watch") continue;
      expect([argv, (await shell.json(...argv)).envelope.warnings]).toEqual([argv, [warning]]);
    }
    expect((await shell.run("board", "z")).err).not.toContain("repair");
  });

  test("next offers the work of another mission, and claims it", async () => {
    const shell = await withTwo();
    harm(shell);
    expect((await shell.json("next")).data.item.ref).toBe("z/WP01");
    expect((await shell.json("next", "--claim")).data.item.ref).toBe("z/WP01");
    expect(await shell.json("next", "p", "--claim")).toMatchObject({ code: 8 });
  });
});

describe("something that is no log under the name of one", () => {
  const withFolder = async (): Promise<Session> => {
    const shell = await planned();
    mkdirSync(logOf(shell, "x"));
    return shell;
  };

  test("is passed over by all that is about other missions, with a warning that names it", async () => {
    const shell = await withFolder();
    for (const argv of [
      ["board"],
      ["mission", "list"],
      ["wp", "list"],
      ["ready"],
      ["log"],
      ["wp", "show", "WP01"],
    ])
      expect([argv, (await shell.run(...argv)).code]).toEqual([argv, 0]);
    for (const argv of [["mission", "list"], ["wp", "list"], ["ready"], ["log"]])
      expect((await shell.json(...argv)).envelope.warnings).toEqual([
        expect.stringContaining(`UNSAFE_FILE: x is not shown: ${logOf(shell, "x")} is not a regular file`),
      ]);
    expect((await shell.run("wp", "note", "p/WP01", "still written")).code).toBe(0);
    expect((await shell.json("repair", "nope")).envelope.error?.code).toBe("NOT_FOUND");
    expect((await shell.json("repair", "p")).code).toBe(0);
    expect((await shell.json("board", "x")).envelope.error?.code).toBe("UNSAFE_FILE");
  });

  test("is a problem that doctor and verify list with its path and what to do", async () => {
    const shell = await withFolder();
    const doctor = await shell.json("doctor");
    expect(doctor).toMatchObject({ code: 8, data: { missions: 2 } });
    expect(doctor.data.findings).toContainEqual(
      expect.objectContaining({
        severity: "damage",
        kind: "UNSAFE_FILE",
        mission: "x",
        message: expect.stringMatching(/mission-x\.jsonl is not a regular file.*; look who put it there/),
      }),
    );
    expect(doctor.envelope.error?.hint).toContain("move it away");
    expect((await shell.json("doctor", "p")).code).toBe(0);
    const verify = await shell.json("verify");
    expect(verify).toMatchObject({ code: 8, data: { totals: { missions: 2 } } });
    expect(verify.envelope.error?.message).toContain(logOf(shell, "x"));
    expect(verify.envelope.error?.hint).toContain("move it away");
  });
});

describe("a log that lost all of its content", () => {
  test.each([
    ["zeros", (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ["more zeros than any record has", () => Buffer.alloc(3_000_000)],
    ["no bytes at all", () => Buffer.alloc(0)],
  ])("to %s is a problem, and no mission to be created again", async (_, emptied) => {
    const shell = await planned();
    await shell.run("rebuild");
    const whole = readFileSync(logOf(shell, "p"));
    writeFileSync(logOf(shell, "p"), emptied(whole));
    const message = `${logOf(shell, "p")} holds nothing, though the mission had events`;
    for (const argv of [["doctor"], ["doctor", "p"], ["verify"], ["verify", "p"]]) {
      const { code, envelope } = await shell.json(...argv);
      expect([argv, code, envelope.error]).toMatchObject([
        argv,
        8,
        { code: "LOG_REPLACED", hint: expect.stringContaining("mled repair p --from <file>") },
      ]);
      expect(envelope.error?.message).toContain(message);
    }
    expect((await shell.run("doctor")).out).not.toContain("create");
    const { code, envelope } = await shell.json("mission", "create", "p", "Again");
    expect([code, envelope.error]).toMatchObject([8, { code: "LOG_REPLACED", outcome: "not_written" }]);
    const backup = path.join(shell.directory, "backup.jsonl");
    writeFileSync(backup, whole);
    expect((await shell.run("repair", "p", "--from", backup)).code).toBe(0);
    expect((await shell.run("verify")).code).toBe(0);
    expect((await shell.json("mission", "show", "p")).data.workPackages).toBe(3);
  });
});

test("files that nobody finished are notes of doctor", async () => {
  const shell = await planned();
  await shell.run("rebuild");
  const left = [
    inLedger(shell, "cache", "snapshots", ".0b0f5c1e.tmp"),
    inLedger(shell, "lock", "kind.draft.0b0f5c1e"),
  ];
  for (const file of left) writeFileSync(file, "half");
  const { code, data } = await shell.json("doctor");
  expect(code).toBe(0);
  for (const file of left)
    expect(data.findings).toContainEqual(
      expect.objectContaining({
        severity: "note",
        kind: "temporary_file",
        message: `${file} was never finished; delete it when nobody writes`,
      }),
    );
});
