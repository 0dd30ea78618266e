/** Commands as they are printed in a hint, a warning or a finding: tests type them, to see that they help. */
import { parseArgs } from "./parse-args.ts";

/** Every command in a text, in its order, with `values` put in for what stands there in angle brackets. */
export const stepsIn = (
  text: string | null | undefined,
  values: Readonly<Record<string, string>> = {},
): readonly (readonly string[])[] =>
  [...(text ?? "").matchAll(/mled ([^`\n]+)/g)].map(([, words = ""]) =>
    parseArgs(words.replace(/<([^<>]+)>/g, (whole, name: string) => values[name] ?? whole)),
  );
