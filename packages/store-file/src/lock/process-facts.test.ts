import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { scratchDirectory } from "../testing/scratch.ts";
import { linuxFacts, type ProcessFacts, systemFacts } from "./process-facts.ts";

const boot = "d0f9f5a6-66fd-47ba-9a8e-1dc145c4c82f";

interface Fake {
  readonly pid: number;
  readonly start: string;
  readonly state?: string;
  readonly threads?: readonly string[];
  readonly namespace?: string;
}

const stat = (pid: number, state: string, start: string): string =>
  `${pid} (a ) Z ${pid}) ${state} ${Array.from({ length: 18 }, () => "0").join(" ")} ${start} 0 0\n`;

/** A /proc of our own making, seen by process 10. */
const procOf = (
  processes: readonly Fake[],
  { bootId = boot, selfPid = 10, hidden = [] as readonly number[] } = {},
): ProcessFacts => {
  const proc = scratchDirectory();
  fs.mkdirSync(path.join(proc, "sys/kernel/random"), { recursive: true });
  fs.writeFileSync(path.join(proc, "sys/kernel/random/boot_id"), `${bootId}\n`);
  const write = (
    name: string,
    { pid, start, state = "S", threads = [state], namespace = "7" }: Fake,
  ): void => {
    const folder = path.join(proc, name);
    fs.mkdirSync(path.join(folder, "ns"), { recursive: true });
    fs.writeFileSync(path.join(folder, "stat"), stat(pid, state, start));
    fs.symlinkSync(`pid:[${namespace}]`, path.join(folder, "ns/pid"));
    fs.symlinkSync("time:[8]", path.join(folder, "ns/time"));
    threads.forEach((threadState, index) => {
      fs.mkdirSync(path.join(folder, "task", String(pid + index)), { recursive: true });
      fs.writeFileSync(
        path.join(folder, "task", String(pid + index), "stat"),
        stat(pid + index, threadState, start),
      );
    });
  };
  write("self", { pid: selfPid, start: "100" });
  for (const fake of processes) write(String(fake.pid), fake);
  return linuxFacts({
    proc,
    pid: 10,
    exists: (pid) => hidden.includes(pid) || processes.some((fake) => fake.pid === pid),
  });
};

const other = { boot, namespace: "7-8", pid: 20, start: "200" };

describe("another process", () => {
  test("is alive while its number is there with its start", () => {
    expect(procOf([{ pid: 20, start: "200" }]).judge(other)).toBe("alive");
  });

  test("is dead once its number is gone, or belongs to one that started at another time", () => {
    expect(procOf([]).judge(other)).toBe("dead");
    expect(procOf([{ pid: 20, start: "201" }]).judge(other)).toBe("dead");
  });

  test("is dead if it was of another boot", () => {
    const facts = procOf([{ pid: 20, start: "200" }]);
    expect(facts.judge({ ...other, boot: boot.replace("d0", "d1") })).toBe("dead");
  });

  test("whose first thread is over is alive as long as one thread is left", () => {
    const zombie = (threads: readonly string[]) => [{ pid: 20, start: "200", state: "Z", threads }];
    expect(procOf(zombie(["Z", "S"])).judge(other)).toBe("alive");
    expect(procOf(zombie(["Z", "D"])).judge(other)).toBe("alive");
    expect(procOf(zombie(["Z", "X"])).judge(other)).toBe("dead");
    expect(procOf(zombie(["Z"])).judge(other)).toBe("dead");
  });

  test("of another pid namespace, or of another time namespace, is unknown, whatever its number shows here", () => {
    for (const namespace of ["9-8", "7-9"])
      for (const facts of [procOf([]), procOf([{ pid: 20, start: "200" }])])
        expect(facts.judge({ ...other, namespace })).toBe("unknown");
  });

  test("that is hidden from us is unknown", () => {
    expect(procOf([], { hidden: [20] }).judge(other)).toBe("unknown");
  });

  test("is unknown where /proc is missing or tells of another namespace", () => {
    expect(linuxFacts({ proc: "/nowhere" }).judge(other)).toBe("unknown");
    expect(linuxFacts({ proc: "/nowhere" }).own()).toMatchObject({ boot: "-", namespace: "-", start: "-" });
    expect(procOf([], { selfPid: 11 }).judge(other)).toBe("unknown");
    expect(procOf([], { bootId: "" }).judge(other)).toBe("unknown");
  });

  test("that did not know its own start is unknown", () => {
    expect(procOf([]).judge({ ...other, start: "-" })).toBe("unknown");
  });
});

describe.skipIf(process.platform !== "linux")("this process", () => {
  test("is alive by its own facts, and dead under another start", () => {
    const own = systemFacts.own();
    expect(own.pid).toBe(process.pid);
    expect(systemFacts.judge(own)).toBe("alive");
    expect(systemFacts.judge({ ...own, start: "1" })).toBe("dead");
  });
});
