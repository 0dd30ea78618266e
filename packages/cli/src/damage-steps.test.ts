/** Damage in log files: everybody who meets it names the same step, and the step is typed and helps. */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { stepsIn } from "./testing/printed-steps.ts";
import { planned, type Session } from "./testing/session.ts";

const inLedger = (shell: Session, ...parts: readonly string[]): string =>
  path.join(shell.directory, ".mission-ledger", ...parts);
const logOf = (shell: Session): string => inLedger(shell, "log", "mission-p.jsonl");
const linesOf = (shell: Session): readonly string[] =>
  readFileSync(logOf(shell), "utf8").split("\n").slice(0, -1);
const writeLines = (shell: Session, lines: readonly string[]): void =>
  writeFileSync(logOf(shell), lines.map((line) => `${line}\n`).join(""));
const changeLine = (shell: Session, at: number, change: (line: string) => string): void =>
  writeLines(
    shell,
    linesOf(shell).map((line, index) => (index === at ? change(line) : line)),
  );
const sealedAnew = (line: string, change: (body: string) => string): string => {
  const body = change(line.replace(/,"crc":"[0-9a-f]{8}"\}$/, ""));
  return `${body},"crc":"${crc32(body).toString(16).padStart(8, "0")}"}`;
};
const moveLogAway = (shell: Session): void =>
  renameSync(logOf(shell), path.join(shell.directory, "moved-away"));

/** Who says something of a damaged log, and where it says what to type. */
const told = {
  verify: async (shell: Session) => (await shell.json("verify")).envelope.error?.hint,
  doctor: async (shell: Session) => (await shell.json("doctor")).envelope.error?.hint,
  finding: async (shell: Session) =>
    (
      (await shell.json("doctor")).data.findings as readonly { mission: string; command: string | null }[]
    ).find(({ mission, command }) => mission === "p" && command !== null && !command.startsWith("mled wp"))
      ?.command,
  reader: async (shell: Session) => (await shell.json("board", "p")).envelope.warnings.join("\n"),
  list: async (shell: Session) => (await shell.json("mission", "list")).envelope.warnings.join("\n"),
  checker: async (shell: Session) => (await shell.json("verify")).envelope.warnings.join("\n"),
  writer: async (shell: Session) => (await shell.json("wp", "note", "p/WP01", "x")).envelope.error?.hint,
  rebuild: async (shell: Session) => (await shell.json("rebuild", "--verify")).envelope.error?.hint,
  creator: async (shell: Session) =>
    (await shell.json("mission", "create", "p", "Anew")).envelope.error?.hint,
} as const satisfies Readonly<Record<string, (shell: Session) => Promise<string | null | undefined>>>;

interface Case {
  readonly what: string;
  readonly harm: (shell: Session) => void | Promise<void>;
  /** Who meets it. */
  readonly by: readonly (keyof typeof told)[];
  readonly step: readonly string[];
  /** What the words ask a person to do before the command. */
  readonly before?: (shell: Session) => void;
  /** What the step leads to where it does not mend by itself: the command among those it prints that does. */
  readonly leadsTo?: (printed: readonly (readonly string[])[]) => readonly string[] | undefined;
}

const fromCopy = ["repair", "p", "--from", "copy.jsonl"];
const everybody = ["verify", "doctor", "finding", "reader", "writer", "rebuild"] as const;

const cases: readonly Case[] = [
  {
    what: "a flipped bit",
    harm: (shell) => changeLine(shell, 1, (line) => line.replace("Login", "Mogin")),
    by: everybody,
    step: ["repair", "p"],
  },
  {
    what: "a missing record",
    harm: (shell) => writeLines(shell, linesOf(shell).toSpliced(1, 1)),
    by: everybody,
    step: ["repair", "p"],
    leadsTo: (printed) => printed.find((words) => words.includes("--from")),
  },
  {
    what: "a missing record, of which there is no copy",
    harm: (shell) => writeLines(shell, linesOf(shell).toSpliced(1, 1)),
    by: everybody,
    step: ["repair", "p"],
    leadsTo: (printed) => printed.find((words) => words.includes("--accept-loss")),
  },
  {
    what: "the markers of a merge",
    harm: (shell) => writeFileSync(logOf(shell), ">>>>>>> theirs\n", { flag: "a" }),
    by: ["verify", "doctor", "finding", "reader", "writer"],
    step: ["repair", "p"],
  },
  {
    what: "a flush that failed",
    harm: (shell) => writeFileSync(inLedger(shell, "lock", "mission-p.suspect"), ""),
    by: ["checker", "finding", "reader", "writer"],
    step: ["repair", "p"],
  },
  {
    what: "a branch of another copy",
    harm: async (shell) => {
      const other = await planned();
      rmSync(inLedger(other), { recursive: true });
      cpSync(inLedger(shell), inLedger(other), { recursive: true });
      rmSync(inLedger(other, "origin"));
      const shared = linesOf(shell).length;
      await shell.run("wp", "claim", "p/WP01", "--as", "ada");
      await other.run("wp", "claim", "p/WP01", "--as", "bob");
      const theirs = linesOf(other)
        .slice(shared)
        .map((line) =>
          sealedAnew(line, (body) =>
            body
              .replace(/"seq":(\d+)/, (_, seq: string) => `"seq":${Number(seq) + 1_000}`)
              .replace(/("origin":"[^"]*")/, '$1,"branch":"open"'),
          ),
        );
      writeLines(shell, [...linesOf(shell), ...theirs]);
    },
    by: ["verify", "doctor", "finding", "reader", "writer"],
    step: ["reconcile", "p"],
    leadsTo: (printed) => printed.find((words) => words.includes("--winner") && !words.includes("local")),
  },
  {
    what: "an event that was changed and sealed again",
    harm: (shell) =>
      changeLine(shell, 1, (line) => sealedAnew(line, (body) => body.replace("Login", "Logon"))),
    by: ["verify"],
    step: fromCopy,
    before: moveLogAway,
  },
  {
    what: "an older copy in its place",
    harm: (shell) => writeLines(shell, linesOf(shell).slice(0, 2)),
    by: ["verify", "doctor", "finding"],
    step: fromCopy,
  },
  {
    what: "no log any more",
    harm: (shell) => rmSync(logOf(shell)),
    by: ["doctor", "finding", "rebuild"],
    step: fromCopy,
  },
  {
    what: "zeros alone",
    harm: (shell) => writeFileSync(logOf(shell), Buffer.alloc(4_000)),
    by: ["verify", "doctor", "finding", "rebuild", "creator"],
    step: fromCopy,
  },
  {
    what: "a folder in its place",
    harm: (shell) => {
      rmSync(logOf(shell));
      mkdirSync(logOf(shell));
    },
    by: ["verify", "doctor", "list"],
    step: fromCopy,
    before: moveLogAway,
  },
];

/** What was remembered of it stays only where the damage shows by it: elsewhere readers would start behind the place. */
const damaged = async ({ harm, what }: Case): Promise<Session> => {
  const shell = await planned();
  await shell.run("rebuild");
  cpSync(logOf(shell), path.join(shell.directory, "copy.jsonl"));
  if (["a flipped bit", "a missing record"].some((one) => what.startsWith(one)))
    rmSync(inLedger(shell, "cache"), { recursive: true, force: true });
  await harm(shell);
  return shell;
};

describe.each(cases.map((one) => [one.what, one] as const))("a log with %s", (_, one) => {
  test("is told with one and the same step by everybody who meets it, and the step helps", async () => {
    const shell = await damaged(one);
    for (const who of one.by) {
      const [step] = stepsIn(await told[who](shell), { file: "copy.jsonl" });
      expect([who, step]).toEqual([who, one.step]);
    }
    one.before?.(shell);
    const typed = await shell.run(...one.step);
    if (one.leadsTo === undefined) expect(typed).toMatchObject({ code: 0, err: "" });
    else {
      const next = one.leadsTo(stepsIn(typed.out + typed.err, { file: "copy.jsonl" }));
      expect(await shell.run(...(next ?? ["nothing was printed"]))).toMatchObject({ code: 0 });
    }
    expect((await shell.run("verify")).code).toBe(0);
    expect((await shell.run("doctor")).code).toBe(0);
    // What was given up may have been the package itself.
    if (!one.what.includes("no copy"))
      expect((await shell.run("wp", "note", "p/WP01", "on it goes")).code).toBe(0);
  });
});

test("a log of a newer version is told with the version to use, and with no command that could not help", async () => {
  const shell = await planned();
  rmSync(inLedger(shell, "cache"), { recursive: true, force: true });
  changeLine(shell, 1, (line) => sealedAnew(line, (body) => body.replace('"v":1', '"v":2')));
  for (const who of ["verify", "doctor", "writer", "rebuild"] as const)
    expect([who, await told[who](shell)]).toEqual([
      who,
      "Use the version of mission-ledger that wrote it, or a newer one.",
    ]);
  expect(await told.finding(shell)).toBeUndefined();
  expect(await told.list(shell)).toContain("next: use the version of mission-ledger that wrote it");
});
