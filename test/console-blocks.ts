/** The console blocks of a page of the docs: what it says to type, and what it says comes of it. */
import { runLedger } from "mission-ledger/cli";

export interface ConsoleStep {
  readonly command: string;
  readonly answer: string;
}

/** `$ command`, then what it prints, with `…` for whatever differs from run to run. */
export const consoleSteps = (page: string): readonly ConsoleStep[] =>
  [...page.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = "", ...answer] = text.trimEnd().split("\n");
        return { command, answer: answer.join("\n") };
      }),
  );

/** What a page shows of an answer, however its columns are aligned. */
export const answerPattern = (answer: string): RegExp =>
  new RegExp(
    `^${answer
      .split("…")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ +/g, " +"))
      .join("[\\s\\S]*")}$`,
  );

/** The environment of whoever types: an agent, with git's settings of nobody. */
export const pageEnvironment = {
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  MISSION_LEDGER_ACTOR: "agent:ada",
};

/** Everything that a command prints, as a terminal would show it. */
export const printedBy = async (
  argv: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<string> => {
  const texts: string[] = [];
  const output = { write: (chunk: string | Uint8Array) => texts.push(String(chunk)) };
  await runLedger(argv, { stdout: output, stderr: output, cwd, env });
  return texts.join("").trimEnd();
};
