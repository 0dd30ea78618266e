/** What tells one process from another for as long as anybody asks, and whether one is still there. */
import fs from "node:fs";
import path from "node:path";

export interface ProcessIdentity {
  /** Of the kernel's present run; `-` if it cannot be read. */
  readonly boot: string;
  /** Pid and time namespace, whose numbers and start times these are; `-` if they cannot be read. */
  readonly namespace: string;
  readonly pid: number;
  /** Clock ticks from boot to the start of the process: a pid is used again, a pid with its start is not. `-` if unknown. */
  readonly start: string;
}

export type Liveness = "alive" | "dead" | "unknown";

export interface ProcessFacts {
  own(): ProcessIdentity;
  /** Another process that is there now, by its number; what cannot be read of it is `-`. */
  of(pid: number): ProcessIdentity;
  /** `dead` is certain and for ever. What cannot be judged is `unknown`, and has to be treated as alive. */
  judge(other: ProcessIdentity): Liveness;
  /**
   * The process that holds the kernel's lock on a file, by what the kernel says; `undefined` if that cannot be seen from here.
   * Takes milliseconds.
   */
  kernelHolder(file: { readonly dev: number; readonly ino: number }): ProcessIdentity | undefined;
}

/** Stands for a fact that this system does not tell. */
export const unreadable = "-";

export interface LinuxFactsOptions {
  /** @defaultValue "/proc" */
  readonly proc?: string;
  /** @defaultValue this process */
  readonly pid?: number;
  /** Whether a process of that number is there, also one that may not be looked at. @defaultValue the kernel's word */
  readonly exists?: (pid: number) => boolean;
}

/** Also one that may not be looked at; asks without sending anything. */
export const isProcessThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
};

/** What Linux says in `/proc`. Where there is none, nothing is known of anybody. */
export const linuxFacts = ({
  proc = "/proc",
  pid: ownPid = process.pid,
  exists = isProcessThere,
}: LinuxFactsOptions = {}): ProcessFacts => {
  let identity: ProcessIdentity | undefined;
  const at = (...names: readonly string[]): string => path.join(proc, ...names);

  const namespaceOf = (pid: string): string => {
    const ids = ["pid", "time"].map((kind) => {
      try {
        return fs.readlinkSync(at(pid, "ns", kind)).replaceAll(/[^0-9]/g, "");
      } catch {
        return "";
      }
    });
    return ids[0] === "" ? unreadable : ids.join("-");
  };
  const readIdentity = (): ProcessIdentity => {
    const own = statusIn(at("self"));
    const boot = textOf(at("sys", "kernel", "random", "boot_id"))?.trim() ?? "";
    // Another namespace's /proc tells of strangers under our numbers.
    const isOurs = own?.pid === ownPid;
    return {
      boot: /^[0-9a-f-]{36}$/.test(boot) ? boot : unreadable,
      namespace: isOurs ? namespaceOf("self") : unreadable,
      pid: ownPid,
      start: isOurs ? own.start : unreadable,
    };
  };
  const own = (): ProcessIdentity => (identity ??= readIdentity());

  const of: ProcessFacts["of"] = (pid) => ({
    boot: own().boot,
    namespace: namespaceOf(String(pid)),
    pid,
    // Unless it is known that these numbers are ours, they are a stranger's.
    start: own().start === unreadable ? unreadable : (statusIn(at(String(pid)))?.start ?? unreadable),
  });

  const judge = (other: ProcessIdentity): Liveness => {
    const self = own();
    const facts = [self.boot, self.namespace, self.start, other.boot, other.namespace, other.start];
    if (facts.includes(unreadable)) return "unknown";
    // A ledger lies on a local disk, so another boot is an earlier one.
    if (other.boot !== self.boot) return "dead";
    if (other.namespace !== self.namespace) return "unknown";
    const gone = (): Liveness => (exists(other.pid) ? "unknown" : "dead");
    const folder = at(String(other.pid));
    const status = statusIn(folder);
    if (status === undefined) return gone();
    if (status.start !== other.start) return "dead";
    if (!isOver(status.state)) return "alive";
    // The first thread is over, but others of the process may still be writing.
    const threads = namesIn(path.join(folder, "task"));
    if (threads === undefined) return gone();
    const living = threads.some((thread) => {
      const state = statusIn(path.join(folder, "task", thread))?.state;
      return state !== undefined && !isOver(state);
    });
    return living ? "alive" : "dead";
  };

  /** The kernel lists the locks of a descriptor below the process; those who wait for one are not among them. */
  const kernelHolder: ProcessFacts["kernelHolder"] = (file) => {
    for (const pid of namesIn(proc) ?? []) {
      if (!/^[0-9]+$/.test(pid)) continue;
      for (const fd of namesIn(at(pid, "fdinfo")) ?? []) {
        if (!textOf(at(pid, "fdinfo", fd))?.includes("\nlock:")) continue;
        const status = statusOfFile(at(pid, "fd", fd));
        if (status?.ino !== file.ino || status.dev !== file.dev) continue;
        return of(Number(pid));
      }
    }
    return undefined;
  };
  return { own, of, judge, kernelHolder };
};

interface Status {
  readonly pid: number;
  readonly state: string;
  readonly start: string;
}

/** Fields 1, 3 and 22 of `stat`; the second is a name in brackets, which may hold anything. */
const statusIn = (folder: string): Status | undefined => {
  const text = textOf(path.join(folder, "stat"));
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state = "", start = ""] = [fields[0], fields[19]];
  return /^[0-9]+$/.test(start) ? { pid: Number.parseInt(text, 10), state, start } : undefined;
};

const isOver = (state: string): boolean => state === "Z" || state === "X" || state === "x";

/** Longer than what is asked for in any of these files, which the kernel gives in one read. */
const longestText = 4_096;

/** `readFileSync` takes half a millisecond to begin with, which every command would pay. */
const textOf = (file: string): string | undefined => {
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, "r");
    const bytes = Buffer.allocUnsafe(longestText);
    return bytes.toString("latin1", 0, fs.readSync(fd, bytes, 0, longestText, 0));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
};

const namesIn = (folder: string): readonly string[] | undefined => {
  try {
    return fs.readdirSync(folder);
  } catch {
    return undefined;
  }
};

const statusOfFile = (file: string): fs.Stats | undefined => {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
};

export const systemFacts: ProcessFacts = linuxFacts();
