/** Every command on a disk that is full, read-only, forbidden or broken, from its first call or later, and on logs that are damaged. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { commands } from "../cli.ts";
import { preparedFor } from "../testing/samples.ts";
import { expectTruth, recordsBelow, type Try, tryIn } from "../testing/tries.ts";

const writing = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT;
const forWriting = (flags: unknown): boolean =>
  typeof flags === "number" ? (flags & writing) !== 0 : typeof flags === "string" && flags !== "r";

type Call =
  | "openSync"
  | "writeSync"
  | "fsyncSync"
  | "fdatasyncSync"
  | "mkdirSync"
  | "readSync"
  | "readdirSync";

interface Disk {
  readonly errno: string;
  readonly calls: readonly Call[];
  /** Only those of them. @defaultValue all */
  readonly of?: (...given: readonly unknown[]) => boolean;
}

const disks: Readonly<Record<string, Disk>> = {
  "is full": { errno: "ENOSPC", calls: ["writeSync", "mkdirSync"] },
  "cannot flush": { errno: "EIO", calls: ["fsyncSync", "fdatasyncSync"] },
  "is read-only": { errno: "EROFS", calls: ["openSync", "mkdirSync"], of: (_, flags) => forWriting(flags) },
  "may not be written to": {
    errno: "EACCES",
    calls: ["openSync", "mkdirSync"],
    of: (_, flags) => forWriting(flags),
  },
  "may not be read": { errno: "EACCES", calls: ["openSync", "readdirSync"] },
  "cannot be read": { errno: "EIO", calls: ["readSync"] },
  "has no descriptor left": { errno: "EMFILE", calls: ["openSync"] },
};

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Runs with a disk that fails from that call on; answers how many such calls there were. */
const runOn = async (
  { errno, calls, of = () => true }: Disk,
  folder: string,
  name: string,
  from: number,
): Promise<{ readonly ran: Try; readonly met: number }> => {
  let met = 0;
  const ran = await tryIn(folder, name, {
    before: (cwd) => {
      for (const call of calls) {
        const real = fs[call] as (...given: unknown[]) => unknown;
        vi.spyOn(fs, call).mockImplementation(((...given: unknown[]) => {
          const [on] = given;
          const isOurs = typeof on === "number" || String(on).startsWith(cwd);
          if (isOurs && of(...given) && met++ >= from)
            throw Object.assign(new Error(`${errno}: injected, ${call}`), { code: errno, syscall: call });
          return real.apply(fs, given);
        }) as never);
      }
      syncBuiltinESMExports();
    },
    after: () => {
      vi.restoreAllMocks();
      syncBuiltinESMExports();
    },
  });
  return { ran, met };
};

describe.each(commands.map(({ name }) => name))("%s", (name) => {
  test("prints one document that tells the truth on a disk that fails", async () => {
    const { directory } = await preparedFor(name);
    const before = recordsBelow(directory);
    for (const [said, disk] of Object.entries(disks)) {
      const { met } = await runOn(disk, directory, name, Number.POSITIVE_INFINITY);
      for (const from of new Set([0, met >> 1, met - 1])) {
        if (from >= met) continue;
        const { ran } = await runOn(disk, directory, name, from);
        expectTruth(ran, name, before, `${said}, from call ${from} of ${met}: ${ran.out}${ran.err}`);
      }
    }
  });

  test("prints one document on a log that is torn, garbled, cut off or gone", async () => {
    const { directory } = await preparedFor(name);
    for (const damage of damages) {
      const ran = await tryIn(directory, name, {
        inCopy: true,
        before: (cwd) => {
          for (const file of logsBelow(cwd)) damage(file);
        },
      });
      expectTruth(ran, name, recordsBelow(ran.cwd), `${damage.name}: ${ran.out}${ran.err}`);
    }
  });
});

const logsBelow = (folder: string): readonly string[] =>
  fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".jsonl") && path.basename(path.dirname(file)) === "log")
    .map((file) => path.join(folder, file));

const damages: readonly ((file: string) => void)[] = [
  function torn(file) {
    fs.appendFileSync(file, '{"v":1,"stream":"mission-p","rev');
  },
  function garbled(file) {
    const text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, text.replace('"actor":"tester"', '"actor":"tEster"'));
  },
  function holed(file) {
    const lines = fs.readFileSync(file, "utf8").split("\n");
    fs.writeFileSync(
      file,
      [...lines.slice(0, 1), "\u0000\u001b[2J not a record \u202e", ...lines.slice(2)].join("\n"),
    );
  },
  function gone(file) {
    fs.rmSync(file);
  },
];

test("the disks fail what they say they fail", async () => {
  const { directory } = await preparedFor("wp.note");
  const codes: string[] = [];
  for (const disk of Object.values(disks)) {
    const { ran } = await runOn(disk, directory, "wp.note", 0);
    codes.push(JSON.parse(ran.out).error?.code);
  }
  expect(codes).toEqual([
    "STORAGE_FULL",
    "DURABILITY_UNKNOWN",
    "STORAGE_READ_ONLY",
    "PERMISSION_DENIED",
    "PERMISSION_DENIED",
    "STORAGE_ERROR",
    "RESOURCES_EXHAUSTED",
  ]);
});
