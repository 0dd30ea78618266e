/** Other programs, as a command sees them: started with this process's own input and outputs, asked to stop, waited for. */

export type StopSignal = "SIGTERM" | "SIGKILL";

export interface ProgramRequest {
  /** What is run and what it is told; never text for a shell. */
  readonly command: readonly [file: string, ...args: string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where what it prints on its standard output goes: on to ours, or to our standard error, since ours is spoken for. */
  readonly stdout: "stdout" | "stderr";
}

export type ProgramEnd =
  | { readonly _tag: "Exited"; readonly code: number }
  | { readonly _tag: "Killed"; readonly signal: string; readonly number: number }
  /** By the errno's name, `ENOENT` for one that is not there. */
  | { readonly _tag: "NotStarted"; readonly code: string };

export interface RunningProgram {
  /** Absent where it was not started. */
  readonly pid?: number;
  /** Settles when it is over; never rejects. */
  readonly ended: Promise<ProgramEnd>;
  /** Does nothing once it is over. */
  stop(signal: StopSignal): void;
}

export interface Programs {
  /** Signals that this process gets meanwhile are passed on to it, and end nothing here. */
  start(request: ProgramRequest): RunningProgram;
}

/** As shells have it: what it exited with; 128 and the number of the signal; 127 where it is not there, else 126. */
export const exitOfProgram = (end: ProgramEnd): number => {
  switch (end._tag) {
    case "Exited":
      return end.code;
    case "Killed":
      return 128 + end.number;
    case "NotStarted":
      return end.code === "ENOENT" ? 127 : 126;
  }
};

export const sayProgramEnd = (name: string, end: ProgramEnd): string => {
  switch (end._tag) {
    case "Exited":
      return `${name} ended with ${end.code}`;
    case "Killed":
      return `${name} was ended by ${end.signal}`;
    case "NotStarted":
      return end.code === "ENOENT"
        ? `there is no program ${name}`
        : `${name} could not be started: ${end.code}`;
  }
};
