import { describe, expect, test } from "vitest";
import { crashStates } from "./crash-states.ts";
import type { DiskProcess } from "./disk-calls.ts";
import { ProcessDied } from "./errno.ts";
import { linuxOpenFlags } from "./file-port.ts";
import { type SimulatedDisk, simulatedDisk } from "./simulated-disk.ts";

const { O_RDWR, O_CREAT, O_EXCL, O_APPEND } = linuxOpenFlags;
const createAppend = O_RDWR | O_CREAT | O_EXCL | O_APPEND;
const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString("latin1");

const append = ({ files }: DiskProcess, fd: number, text: string): number =>
  files.write(fd, bytesOf(text), 0, text.length, null);

/** What a power cut can leave of a file, sorted; "-" where the name is gone. */
const leftOf = (disk: SimulatedDisk, path: string): readonly string[] => {
  const left = new Set<string>();
  crashStates().all(disk.snapshot(), (state) => {
    left.add(textOf(state.mount().bytesOf(path)) ?? "-");
  });
  return [...left].sort();
};

const flushDirectory = ({ files }: DiskProcess, path: string): void => {
  const fd = files.open(path, 0);
  files.fsync(fd);
  files.close(fd);
};

describe("a power cut", () => {
  test("keeps any prefix of what was not flushed, also with NULs behind it, and all of what was", () => {
    const disk = simulatedDisk();
    disk.plantDirectory("/d");
    const process = disk.process();
    const fd = process.files.open("/d/f", createAppend);
    flushDirectory(process, "/d");
    append(process, fd, "ab");
    process.files.fdatasync(fd);
    append(process, fd, "cd");
    expect(leftOf(disk, "/d/f")).toEqual(["ab", "ab\0\0", "abc", "abc\0", "abcd"]);
    process.files.fdatasync(fd);
    expect(leftOf(disk, "/d/f")).toEqual(["abcd"]);
  });

  test("keeps any of the pages that were touched", () => {
    const disk = simulatedDisk();
    disk.plant("/f", new Uint8Array(3 * 4_096).fill(0x61));
    const { files } = disk.process();
    const fd = files.open("/f", O_RDWR);
    // The last byte of the first page, all of the second, the first byte of the third.
    const written = 4_095;
    files.write(fd, new Uint8Array(4_098).fill(0x62), 0, 4_098, written);
    const pages = new Set(
      leftOf(disk, "/f").map((text) => [written, 4_096, 2 * 4_096].map((byte) => text[byte]).join("")),
    );
    expect([...pages].sort()).toEqual(["aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"]);
  });

  test("loses a new name unless its directory was flushed, whatever was done for the file", () => {
    const disk = simulatedDisk();
    const process = disk.process();
    const fd = process.files.open("/f", createAppend);
    append(process, fd, "a");
    process.files.fsync(fd);
    expect(leftOf(disk, "/f")).toEqual(["-", "a"]);
    flushDirectory(process, "/");
    expect(leftOf(disk, "/f")).toEqual(["a"]);
  });

  test("keeps a rename of unflushed bytes without the bytes", () => {
    const disk = simulatedDisk();
    disk.plant("/f", bytesOf("old"));
    const process = disk.process();
    const fd = process.files.open("/t", createAppend);
    append(process, fd, "new");
    process.files.rename("/t", "/f");
    expect(leftOf(disk, "/f")).toEqual(["", "\0\0\0", "n", "n\0\0", "ne", "ne\0", "new", "old"]);
    process.files.fsync(fd);
    expect(leftOf(disk, "/f")).toEqual(["new", "old"]);
    flushDirectory(process, "/");
    expect(leftOf(disk, "/f")).toEqual(["new"]);
  });

  test("may keep a later rename and lose an earlier one of other names", () => {
    const disk = simulatedDisk();
    disk.plant("/a", bytesOf("a"));
    disk.plant("/b", bytesOf("b"));
    const { files } = disk.process();
    files.rename("/a", "/a2");
    files.rename("/b", "/b2");
    const left = new Set<string>();
    crashStates().all(disk.snapshot(), (state) => {
      left.add(
        state
          .mount()
          .process()
          .files.readdir("/")
          .filter((name) => name !== "proc")
          .join(),
      );
    });
    expect([...left].sort()).toEqual(["a,b", "a,b2", "a2,b", "a2,b2"]);
  });

  test("keeps a name only with the directory that it is in", () => {
    const disk = simulatedDisk();
    const process = disk.process();
    process.files.mkdir("/d", 0o700);
    const fd = process.files.open("/d/f", createAppend);
    process.files.fsync(fd);
    flushDirectory(process, "/d");
    expect(leftOf(disk, "/d/f")).toEqual(["", "-"]);
    flushDirectory(process, "/");
    expect(leftOf(disk, "/d/f")).toEqual([""]);
  });
});

describe("a flush that fails", () => {
  test("is believed afterwards, and what it was for may be lost all the same", () => {
    const disk = simulatedDisk();
    let failed = false;
    const process = disk.process({
      intercept: ({ name }) => {
        if (name !== "fdatasync" || failed) return undefined;
        failed = true;
        return { _tag: "FlushLost", errno: "EIO" };
      },
    });
    const fd = process.files.open("/f", createAppend);
    flushDirectory(process, "/");
    append(process, fd, "ab");
    expect(() => process.files.fdatasync(fd)).toThrow("EIO");
    append(process, fd, "c");
    process.files.fdatasync(fd);
    expect(textOf(disk.bytesOf("/f"))).toBe("abc");
    expect(leftOf(disk, "/f")).toEqual(["\0\0c", "a\0c", "abc"]);
  });
});

describe("the death of a process", () => {
  test("frees its locks and descriptors, keeps what it wrote, and ends all its calls", () => {
    const disk = simulatedDisk();
    const process = disk.process({
      intercept: ({ name }) => (name === "fsync" ? { _tag: "Dies", when: "before" } : undefined),
    });
    const fd = process.files.open("/f", createAppend);
    append(process, fd, "a");
    expect(process.files.tryLock(fd)).toBe(true);
    const other = disk.process();
    const theirs = other.files.open("/f", O_RDWR);
    expect(other.files.tryLock(theirs)).toBe(false);
    expect(() => process.files.fsync(fd)).toThrow(ProcessDied);
    expect(() => process.files.close(fd)).toThrow(ProcessDied);
    expect(process.descriptors).toBe(0);
    expect(other.files.tryLock(theirs)).toBe(true);
    expect(textOf(disk.bytesOf("/f"))).toBe("a");
  });

  test("lets the next waiter have the lock", async () => {
    const disk = simulatedDisk();
    disk.plant("/f", new Uint8Array(0));
    const [one, other] = [disk.process(), disk.process()];
    one.files.tryLock(one.files.open("/f", O_RDWR));
    const waiting = other.files.waitForLock(other.files.open("/f", O_RDWR));
    one.kill();
    await waiting;
    const third = disk.process();
    expect(third.files.tryLock(third.files.open("/f", O_RDWR))).toBe(false);
  });
});

describe("a full disk", () => {
  test("takes what fits, then nothing, and space comes back with a file that is removed", () => {
    const disk = simulatedDisk({ capacity: 5 });
    disk.plant("/old", bytesOf("ab"));
    const process = disk.process();
    const fd = process.files.open("/f", createAppend);
    expect(append(process, fd, "abcde")).toBe(3);
    expect(() => append(process, fd, "f")).toThrow("ENOSPC");
    process.files.unlink("/old");
    expect(append(process, fd, "de")).toBe(2);
  });
});

test("the number of a removed inode is given to the next file once nobody holds it", () => {
  const { files } = simulatedDisk().process();
  const fd = files.open("/a", createAppend);
  const { ino } = files.fstat(fd);
  files.unlink("/a");
  const other = files.fstat(files.open("/b", createAppend)).ino;
  expect(other).not.toBe(ino);
  files.close(fd);
  expect(files.fstat(files.open("/c", createAppend)).ino).toBe(ino);
});
