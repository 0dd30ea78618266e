/** Programs of the running process. With `process-io.ts` and the bin, the only place that reads `process`. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import process from "node:process";
import type { ProgramEnd, Programs, RunningProgram } from "../machine/programs.ts";

/** Signals by which people and supervisors mean what is run, not what runs it. */
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"] as const;
/** A terminal sends these to the program as well; passed on they would come twice, and the second often means "at once". */
const fromKeyboard: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT"]);

export interface ProcessPrograms extends Programs {
  /** Whether signals are a running program's affair now. */
  isRunning(): boolean;
}

export const processPrograms = (): ProcessPrograms => {
  let running = 0;
  return {
    isRunning: () => running > 0,
    start: ({ command: [file, ...args], cwd, env, stdout }): RunningProgram => {
      let child: ChildProcess;
      try {
        // Standard error is 2 for both where standard output is spoken for.
        const stdio: StdioOptions = ["inherit", stdout === "stdout" ? "inherit" : 2, "inherit"];
        child = spawn(file, args, { cwd, env, stdio });
      } catch (error) {
        const { code = "unknown" } = error as NodeJS.ErrnoException;
        return { ended: Promise.resolve({ _tag: "NotStarted", code }), stop: () => {} };
      }
      running += 1;
      const forward = (signal: NodeJS.Signals): void => {
        if (!(fromKeyboard.has(signal) && isTerminal(0))) child.kill(signal);
      };
      for (const signal of passedOn) process.on(signal, forward);
      const ended = endOf(child).finally(() => {
        running -= 1;
        for (const signal of passedOn) process.off(signal, forward);
      });
      const { pid } = child;
      return { ...(pid === undefined ? {} : { pid }), ended, stop: (signal) => void child.kill(signal) };
    },
  };
};

const endOf = (child: ChildProcess): Promise<ProgramEnd> =>
  new Promise((resolve) => {
    child.once("error", ({ code = "unknown" }: NodeJS.ErrnoException) => {
      // A signal that could not be sent comes here too; the program is running all the same.
      if (child.pid === undefined) resolve({ _tag: "NotStarted", code });
    });
    child.once("exit", (code, signal) =>
      resolve(
        signal === null
          ? { _tag: "Exited", code: code ?? 0 }
          : { _tag: "Killed", signal, number: numberOf(signal) },
      ),
    );
  });

const numberOf = (signal: NodeJS.Signals): number =>
  process.getBuiltinModule("node:os").constants.signals[signal] ?? 0;

/** Asked without `process.stdin`, whose making may change how the program finds the same input. */
const isTerminal = (fd: number): boolean => process.getBuiltinModule("node:tty").isatty(fd);
