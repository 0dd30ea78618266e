import { describe, expect, test } from "vitest";
import { systemMachine } from "../machine/machine.ts";
import { fakeMachine } from "../testing/fake-machine.ts";
import { hostId } from "./places.ts";
import { isProgramAlive, ownProgram } from "./program.ts";

const otherBoot = "99999999-2222-3333-4444-555555555555";
const container = "4026532205-4026531834";

describe("the program that holds a claim", () => {
  const holder = fakeMachine({ own: { pid: 42, start: "777" } });
  const program = ownProgram(holder);
  if (program === undefined) throw new Error("it can tell");
  const host = hostId(holder);

  test("is alive as long as a process of its number and its start is there", () => {
    expect(isProgramAlive(program, host, fakeMachine({ running: { 42: "777" } }))).toBe(true);
  });

  test("is gone when its process is, also where its number is used again", () => {
    expect(isProgramAlive(program, host, fakeMachine())).toBe(false);
    expect(isProgramAlive(program, host, fakeMachine({ running: { 42: "9999" } }))).toBe(false);
  });

  test("is gone after the machine was started anew", () => {
    const restarted = fakeMachine({ own: { boot: otherBoot }, running: { 42: "777" }, bootedAt: 2_000 });
    expect(isProgramAlive(program, host, restarted, 1_000)).toBe(false);
  });

  test("is not judged from a copy of its machine that was up when it gave a sign of life", () => {
    const copy = fakeMachine({ own: { boot: otherBoot }, bootedAt: 2_000 });
    expect(isProgramAlive(program, host, copy, 3_000)).toBeUndefined();
    expect(isProgramAlive(program, host, copy)).toBeUndefined();
  });

  test("is not judged from another machine, however its processes look", () => {
    const elsewhere = fakeMachine({ files: { "/etc/machine-id": "cd".repeat(16) } });
    expect(isProgramAlive(program, host, elsewhere)).toBeUndefined();
  });

  test("is not judged from another container, where other processes have its number", () => {
    expect(isProgramAlive(program, host, fakeMachine({ own: { namespace: container } }))).toBeUndefined();
    const inContainer = fakeMachine({ own: { namespace: container, boot: otherBoot } });
    expect(isProgramAlive(program, host, inContainer)).toBeUndefined();
  });

  test("is neither named nor judged where a host name is all that tells the machine", () => {
    const vague = fakeMachine({ files: {} });
    expect(ownProgram(vague)).toBeUndefined();
    expect(isProgramAlive(program, hostId(vague), vague)).toBeUndefined();
  });

  test.each(["", "777", "ps Sat Nov 21 20:00:00 2026", "boot ns start", "0 0 0", "\u0000"])(
    "is not judged by what no program of ours wrote: %j",
    (started) => {
      expect(isProgramAlive({ pid: 42, started }, host, fakeMachine())).toBeUndefined();
    },
  );

  test("with a number that is none is not judged", () => {
    for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 60])
      expect(isProgramAlive({ ...program, pid }, host, fakeMachine())).toBeUndefined();
  });

  test("is known by ps where there is no /proc", () => {
    const mac = (started: string | undefined, running: Readonly<Record<number, string>> = {}) =>
      fakeMachine({
        platform: "darwin",
        own: { pid: 42 },
        running,
        programs: {
          "/usr/sbin/ioreg": () => '"IOPlatformUUID" = "564D0B52-0000-0000-0000-AAAAAAAAAAAA"',
          ps: ([, , , pid]) => (pid === "42" ? started : undefined),
        },
      });
    const first = mac("Sat Nov 21  20:00:00 2026\n");
    const held = ownProgram(first);
    expect(held).toEqual({ pid: 42, started: "ps Sat Nov 21 20:00:00 2026" });
    if (held === undefined) return;
    expect(isProgramAlive(held, hostId(first), first)).toBe(true);
    expect(isProgramAlive(held, hostId(first), mac("Sat Nov 21 20:00:01 2026\n"))).toBe(false);
    // `ps` may fail for reasons of its own.
    expect(isProgramAlive(held, hostId(first), mac(undefined))).toBeUndefined();
  });

  test("is this process, where it is asked about for real", () => {
    const own = ownProgram();
    if (own === undefined) return;
    expect(own.pid).toBe(process.pid);
    expect(isProgramAlive(own, hostId())).toBe(true);
    expect(isProgramAlive(own, hostId(), { ...systemMachine })).toBe(true);
  });
});
