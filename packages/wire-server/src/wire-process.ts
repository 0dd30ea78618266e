/** A server in a process of its own, to be killed and stopped as only processes can, and told what to do while it runs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import type { WireInstruction } from "./control.ts";
import type { WireClusterOptions, WireServerOptions } from "./wire-server.ts";

export interface WireProcessOptions {
  /** This package's `main`, built or bundled. */
  readonly program: string;
  /** What a server in this process would be started with. */
  readonly options?: WireServerOptions & WireClusterOptions;
  /** @defaultValue false */
  readonly isCluster?: boolean;
}

export interface WireProcess {
  readonly url: string;
  readonly port: number;
  /** Of all nodes. */
  readonly ports: readonly number[];
  readonly pid: number;
  /** Carried out when it answers. Rejects for what could not be done, and when the process is gone. */
  readonly tell: (instruction: WireInstruction) => Promise<Readonly<Record<string, unknown>>>;
  /** As from outside: `SIGSTOP` and `SIGCONT` pause all nodes, `SIGKILL` loses the log, which is in memory. */
  readonly signal: (name: NodeJS.Signals) => void;
  /** As when this process dies: nothing can be told any more, and the server ends by itself. */
  readonly hangUp: () => void;
  /** Its exit code; -1 where a signal ended it. */
  readonly ended: Promise<number>;
  /** Resolves when the process has ended: by itself, or killed after five seconds, which `ended` tells. */
  readonly stop: () => Promise<void>;
}

export const startWireProcess = async ({
  program,
  options = {},
  isCluster = false,
}: WireProcessOptions): Promise<WireProcess> => {
  const flags = [...(isCluster ? ["--cluster"] : []), "--options", JSON.stringify(options)];
  const child = spawn(execPath, [program, ...flags], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit").then(([code]: readonly unknown[]) =>
    typeof code === "number" ? code : -1,
  );
  // A process that has gone is noticed by the answer that does not come.
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout });
  const answers = lines[Symbol.asyncIterator]();
  const answer = async (): Promise<Readonly<Record<string, unknown>>> => {
    const line = await answers.next();
    if (line.done === true) throw new Error("the server's process has ended");
    return JSON.parse(String(line.value)) as Readonly<Record<string, unknown>>;
  };
  const {
    url,
    port,
    ports = [port],
  } = (await answer()) as {
    readonly url: string;
    readonly port: number;
    readonly ports?: readonly number[];
  };
  // Answers come in the order of the instructions, so each waits for the one before.
  let last: Promise<unknown> = Promise.resolve();
  const tell = (instruction: WireInstruction): Promise<Readonly<Record<string, unknown>>> => {
    const told = last.then(async () => {
      child.stdin.write(`${JSON.stringify(instruction)}\n`);
      const said = await answer();
      if (typeof said.failed === "string") throw new Error(said.failed);
      return said;
    });
    last = told.catch(() => undefined);
    return told;
  };
  return {
    url,
    port,
    ports,
    pid: child.pid as number,
    tell,
    signal: (name) => void child.kill(name),
    hangUp: () => void child.stdin.end(),
    ended,
    stop: async () => {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const killing = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(killing);
    },
  };
};
