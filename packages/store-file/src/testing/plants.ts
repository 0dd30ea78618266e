/** What happens to files between any two steps of a program. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** What somebody may do to a log, or to a copy of one. Each leaves alone what is not there. */
export const plants: Readonly<Record<string, (file: string) => void>> = {
  unlinked: (file) => fs.rmSync(file, { force: true, recursive: true }),
  "replaced by a copy": (file) => {
    if (!fs.existsSync(file)) return;
    fs.copyFileSync(file, `${file}.copy`);
    fs.renameSync(`${file}.copy`, file);
  },
  "replaced by an empty file": (file) => {
    fs.rmSync(file, { force: true });
    if (fs.existsSync(path.dirname(file))) fs.writeFileSync(file, "");
  },
  emptied: (file) => {
    if (fs.existsSync(file)) fs.truncateSync(file);
  },
  truncated: (file) => {
    if (fs.existsSync(file)) fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));
  },
  "written to by a stranger": (file) => {
    if (fs.existsSync(file)) fs.appendFileSync(file, "a stranger's line\n");
  },
  "replaced by a link": (file) => {
    if (!fs.existsSync(path.dirname(file))) return;
    fs.writeFileSync(`${file}.old`, "");
    if (fs.existsSync(file)) fs.renameSync(file, `${file}.old`);
    fs.symlinkSync(`${file}.old`, file);
  },
  "replaced by a FIFO": (file) => {
    if (!fs.existsSync(path.dirname(file))) return;
    fs.rmSync(file, { force: true });
    execFileSync("mkfifo", [file]);
  },
  "given a second name": (file) => {
    if (fs.existsSync(file)) fs.linkSync(file, `${file}.twin`);
  },
  "replaced by a directory": (file) => {
    if (!fs.existsSync(path.dirname(file))) return;
    fs.rmSync(file, { force: true });
    fs.mkdirSync(file);
  },
  "moved away with its directory": (file) => {
    if (fs.existsSync(path.dirname(file))) fs.renameSync(path.dirname(file), `${path.dirname(file)}.old`);
  },
  "removed with its directory": (file) => fs.rmSync(path.dirname(file), { recursive: true, force: true }),
  "removed with the whole ledger": (file) =>
    fs.rmSync(path.dirname(path.dirname(file)), { recursive: true, force: true }),
};
