/** File systems in loop files, cut off from their disk and mounted again. Needs root; everything is taken down at the end. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, openSync, rmdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

export const run = (program, ...parameters) =>
  execFileSync(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });

const has = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;

/** Why there can be no loop file systems here; `undefined` if there can. */
export const missingFor = (...programs) => {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid() !== 0) return "needs root, to mount";
  const missing = ["mount", "umount", "mkfs.ext4", ...programs].filter((program) => !has(program));
  return missing.length > 0 ? `needs ${missing.join(", ")}` : undefined;
};

export const sparseFile = (name, bytes) => {
  const fd = openSync(name, "w");
  ftruncateSync(fd, bytes);
  closeSync(fd);
};

const makers = {
  ext4: (image) => {
    sparseFile(image, 64 * 2 ** 20);
    run("mkfs.ext4", "-q", "-F", image);
  },
  xfs: (image) => {
    sparseFile(image, 320 * 2 ** 20);
    run("mkfs.xfs", "-q", "-f", image);
  },
};

/**
 * Shuts a file system down without a flush of its log: what was not flushed before is gone, as when the power goes. Python
 * knows how to call `ioctl`; it is started once.
 *
 * Source: EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN, both `_IOR('X', 125, __u32)`; 2 means no log flush.
 */
const openCutter = () => {
  const program = [
    "import fcntl,os,struct,sys",
    "for line in sys.stdin:",
    "  fd=os.open(line.strip(),os.O_RDONLY)",
    "  fcntl.ioctl(fd,0x8004587d,struct.pack('I',2))",
    "  os.close(fd)",
    "  print('cut',flush=True)",
  ].join("\n");
  const child = spawn("python3", ["-c", program], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    cut: async (mounted) => {
      child.stdin.write(`${mounted}\n`);
      const { value } = await lines.next();
      if (value !== "cut") throw new Error("the file system could not be shut down");
    },
    close: () => child.stdin.end(),
  };
};

const mostRemounts = 300;
const remountEveryMs = 100;

/** A file system that was shut down takes no new name. */
const isUp = (mounted) => {
  const probe = path.join(mounted, "probe");
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
};

/** A file system of a kind, mounted below `scratch`. */
export const openFileSystem = (kind, scratch) => {
  const image = path.join(scratch, `${kind}.img`);
  const mounted = path.join(scratch, kind);
  makers[kind](image);
  mkdirSync(mounted);
  const cutter = openCutter();
  const mount = () => run("mount", "-o", "loop", image, mounted);
  mount();
  return {
    mounted,
    cut: () => cutter.cut(mounted),
    /** A process with mounts of its own, begun meanwhile, keeps the dead file system until it ends; then it is mounted again. */
    remount: async () => {
      for (let tries = 0; tries < mostRemounts; tries += 1) {
        run("umount", mounted);
        mount();
        if (isUp(mounted)) return;
        await new Promise((resolve) => setTimeout(resolve, remountEveryMs));
      }
      throw new Error(`${mounted} stays shut down: somebody else holds it`);
    },
    close: () => {
      cutter.close();
      spawnSync("umount", [mounted], { stdio: "ignore" });
      // Lazily, should somebody still hold it.
      spawnSync("umount", ["-l", mounted], { stdio: "ignore" });
    },
  };
};
