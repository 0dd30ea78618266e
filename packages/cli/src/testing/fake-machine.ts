/** A machine that exists in a test alone: what its files say, which processes it has, and what its programs answer. */
import type { ProcessFacts, ProcessIdentity } from "@mission-ledger/store-file";
import type { Machine } from "../machine/machine.ts";

export interface FakeMachineOptions {
  readonly platform?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly programs?: Readonly<Record<string, (args: readonly string[]) => string | undefined>>;
  readonly own?: Partial<ProcessIdentity>;
  /** Start time by pid of what is running. */
  readonly running?: Readonly<Record<number, string>>;
  readonly hostName?: string;
  /** @defaultValue long ago */
  readonly bootedAt?: number;
}

const plainNamespace = "4026531836-4026531834";
export const fakeBoot = "11111111-2222-3333-4444-555555555555";

export const fakeMachine = ({
  platform = "linux",
  files = { "/etc/machine-id": `${"ab".repeat(16)}\n` },
  programs = {},
  own = {},
  running = {},
  hostName = "here",
  bootedAt = 0,
}: FakeMachineOptions = {}): Machine => {
  const self: ProcessIdentity = { boot: fakeBoot, namespace: plainNamespace, pid: 10, start: "1000", ...own };
  const processes: Readonly<Record<number, string>> = { [self.pid]: self.start, ...running };
  const facts: ProcessFacts = {
    own: () => self,
    of: (pid) => ({ ...self, pid, start: processes[pid] ?? "-" }),
    judge: ({ boot, namespace, pid, start }) => {
      if (boot !== self.boot) return "dead";
      if (namespace !== self.namespace) return "unknown";
      return processes[pid] === start ? "alive" : "dead";
    },
    kernelHolder: () => undefined,
  };
  return {
    platform,
    facts,
    readText: (file) => files[file],
    ask: (program, args) => programs[program]?.(args),
    isThere: (pid) => processes[pid] !== undefined,
    bootedAt: () => bootedAt,
    hostName: () => hostName,
  };
};
