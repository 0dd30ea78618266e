/** The wire server in a process of its own: no test waits for it, and it waits for no test. */
import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";

export interface WireProcessOptions {
  /** @defaultValue 1 */
  readonly nodes?: 1 | 3;
  readonly tls?: { readonly key: string; readonly certificate: string };
  readonly accounts?: Readonly<
    Record<string, { readonly password: string; readonly may?: readonly ("append" | "read" | "read_all")[] }>
  >;
}

/** One stream of the server, in short. */
export interface StreamSum {
  readonly stream: string;
  readonly events: number;
  readonly sum: string;
}

export interface WireProcess {
  readonly url: string;
  /** Once: a single node is gone or hangs for a moment; of a cluster the leader changes or dies, or followers hang. */
  interrupt(): Promise<void>;
  /** Again and again, with pauses. */
  interruptEvery(ms: number): Promise<void>;
  /** No more of it. Answers how often it was done so far. */
  calm(): Promise<number>;
  tamper(stream: string, revision: number): Promise<void>;
  calls(): Promise<ReadonlyMap<string, number>>;
  streams(): Promise<readonly StreamSum[]>;
  stop(): Promise<void>;
}

export const startWireProcess = async (options: WireProcessOptions = {}): Promise<WireProcess> => {
  const worker = path.join(import.meta.dirname, "workers/wire.mjs");
  // Identical appends that overlap are dropped, as by a real server: whoever has two in flight gets no answer.
  const child = fork(worker, [JSON.stringify({ dropsOverlapping: true, ...options })], { execArgv: [] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { readonly url: string }).url));
    child.once("exit", (code) => reject(new Error(`the wire server ended with ${code}`)));
  });
  const ask = asking(child);
  return {
    url,
    interrupt: () => ask("interrupt"),
    interruptEvery: (ms) => ask("interruptEvery", { ms }),
    calm: () => ask("calm"),
    tamper: (stream, revision) => ask("tamper", { stream, revision }),
    calls: async () => {
      const sums = new Map<string, number>();
      for (const [name, count] of await ask<readonly [string, number][]>("calls"))
        sums.set(name, (sums.get(name) ?? 0) + count);
      return sums;
    },
    streams: () => ask("streams"),
    stop: async () => {
      if (child.exitCode !== null) return;
      await ask("calm");
      await new Promise((resolve) => {
        child.once("exit", resolve);
        child.disconnect();
      });
    },
  };
};

const asking = (child: ChildProcess) => {
  let asked = 0;
  return <A>(what: string, details: object = {}): Promise<A> => {
    asked += 1;
    const id = asked;
    return new Promise((resolve, reject) => {
      const settle = (message: unknown): void => {
        const answer = message as { readonly id: number; readonly answer: A; readonly error?: string };
        if (answer.id !== id) return;
        child.off("message", settle);
        child.off("exit", died);
        if (answer.error === undefined) resolve(answer.answer);
        else reject(new Error(answer.error));
      };
      const died = (): void => reject(new Error(`the wire server died before it did ${what}`));
      child.on("message", settle);
      child.once("exit", died);
      child.send({ id, what, ...details });
    });
  };
};
