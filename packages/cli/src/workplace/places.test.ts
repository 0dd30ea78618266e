import { describe, expect, test } from "vitest";
import { fakeBoot, fakeMachine } from "../testing/fake-machine.ts";
import { hostId, isHostCertain, placeName } from "./places.ts";

const id = /^[0-9a-f]{32}$/;

describe("the name of a machine", () => {
  test("is the same for every process on it, and another on another machine", () => {
    const here = hostId(fakeMachine());
    expect(here).toMatch(id);
    expect(hostId(fakeMachine({ hostName: "renamed" }))).toBe(here);
    expect(hostId(fakeMachine({ files: { "/etc/machine-id": `${"cd".repeat(16)}\n` } }))).not.toBe(here);
  });

  test("does not show the machine's own id", () => {
    expect(hostId(fakeMachine())).not.toContain("abab");
  });

  test.each([
    ["the message bus's id", { "/var/lib/dbus/machine-id": `${"ef".repeat(16)}\n` }],
    [
      "the kernel's present run, as in a container without an id",
      { "/proc/sys/kernel/random/boot_id": `${fakeBoot}\n` },
    ],
    [
      "an id that is no more than a placeholder, passed over",
      { "/etc/machine-id": "uninitialized\n", "/etc/hostid": `${fakeBoot}\n` },
    ],
  ])("comes from %s where there is nothing better", (_, files) => {
    const machine = fakeMachine({ files });
    expect(isHostCertain(machine)).toBe(true);
    expect(hostId(machine)).not.toBe(hostId(fakeMachine({ files: {} })));
  });

  test("comes from the hardware on a Mac and from the registry on Windows", () => {
    const mac = fakeMachine({
      platform: "darwin",
      programs: {
        "/usr/sbin/ioreg": () => '    "IOPlatformUUID" = "564D0B52-0000-0000-0000-AAAAAAAAAAAA"\n',
      },
    });
    const windows = fakeMachine({
      platform: "win32",
      programs: { reg: () => "    MachineGuid    REG_SZ    8d2c1f2e-1111-2222-3333-444444444444\r\n" },
    });
    expect([isHostCertain(mac), isHostCertain(windows)]).toEqual([true, true]);
    expect(hostId(mac)).not.toBe(hostId(windows));
  });

  test("is its host name where nothing else tells it, which proves nothing", () => {
    const machine = fakeMachine({ files: {} });
    expect(hostId(machine)).toMatch(id);
    expect(isHostCertain(machine)).toBe(false);
  });
});

describe("the name of a place", () => {
  const machine = fakeMachine();

  test("is one for a directory on a machine, and says no path", () => {
    const name = placeName("/home/ada/secret/passkeys", machine);
    expect(name).toEqual({ id: expect.stringMatching(id), name: "passkeys" });
    expect(placeName("/home/ada/secret/passkeys", machine)).toEqual(name);
    expect(placeName("/home/bob/passkeys", machine).id).not.toBe(name.id);
    expect(
      placeName("/home/ada/secret/passkeys", fakeMachine({ files: { "/etc/machine-id": "12".repeat(16) } }))
        .id,
    ).not.toBe(name.id);
  });

  test("calls git's own folder after the one it lies in", () => {
    expect(placeName("/home/ada/passkeys/.git", machine).name).toBe("passkeys");
    expect(placeName("/srv/passkeys.git", machine).name).toBe("passkeys.git");
    expect(placeName("/", machine).name).toBe("/");
  });

  test("is a line of text whatever the directory is called", () => {
    expect(placeName("/tmp/a\nb\u001b[2J", machine).name).toBe("a\ufffdb\ufffd[2J");
    expect(placeName(`/tmp/${"x".repeat(255)}`, machine).name).toHaveLength(200);
    expect(placeName("/tmp/ ", machine).name).toBe("\ufffd");
  });
});
