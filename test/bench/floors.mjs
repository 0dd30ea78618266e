/** What the disk asks for the same bytes without any ledger: the floors that a transition is held against. */
import fs from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";

const { O_APPEND, O_CREAT, O_RDWR, O_RDONLY } = fs.constants;

/**
 * Bare durable appends of `line`, each to a file of its own.
 *
 * @param {string} directory
 * @param {Buffer} line
 */
export const openFloors = (directory, line) => {
  const descriptors = [];
  const opened = (name, flags) => {
    const fd = fs.openSync(path.join(directory, name), flags, 0o600);
    descriptors.push(fd);
    return fd;
  };
  const bytes = Buffer.alloc(line.length);
  const read = (fd, at) => {
    if (fs.readSync(fd, bytes, 0, line.length, at) !== line.length || !bytes.equals(line))
      throw new Error("the floor did not read back what it wrote");
  };

  const plain = opened("plain", O_RDWR | O_APPEND | O_CREAT);
  const checked = opened("checked", O_RDWR | O_APPEND | O_CREAT);
  const checker = opened("checked", O_RDONLY);
  let checkedEnd = 0;
  const reopened = path.join(directory, "reopened");
  let reopenedEnd = 0;
  const promised = path.join(directory, "promised");
  let promisedEnd = 0;

  return {
    contestants: {
      /** F: the unit of everything else. */
      "write + fdatasync": () => {
        fs.writeSync(plain, line);
        fs.fdatasyncSync(plain);
      },
      "write + fdatasync + read on a second descriptor": () => {
        fs.writeSync(checked, line);
        fs.fdatasyncSync(checked);
        read(checker, checkedEnd);
        checkedEnd += line.length;
      },
      "open, write, fsync, close, open, read": () => {
        const writer = fs.openSync(reopened, O_RDWR | O_APPEND | O_CREAT, 0o600);
        fs.writeSync(writer, line);
        fs.fsyncSync(writer);
        fs.closeSync(writer);
        const reader = fs.openSync(reopened, O_RDONLY);
        read(reader, reopenedEnd);
        fs.closeSync(reader);
        reopenedEnd += line.length;
      },
      "the same through the promise API": async () => {
        const writer = await open(promised, O_RDWR | O_APPEND | O_CREAT, 0o600);
        await writer.write(line);
        await writer.sync();
        await writer.close();
        const reader = await open(promised, O_RDONLY);
        const { bytesRead } = await reader.read(bytes, 0, line.length, promisedEnd);
        await reader.close();
        if (bytesRead !== line.length) throw new Error("the floor did not read back what it wrote");
        promisedEnd += line.length;
      },
    },
    close: () => {
      for (const fd of descriptors) fs.closeSync(fd);
    },
  };
};
