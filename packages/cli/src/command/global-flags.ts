/** Flags that every command has: where the ledger is, and how to print. Commands never see them. */
import type { FieldSpec } from "./fields.ts";

export interface Globals {
  readonly json: boolean;
  readonly jsonl: boolean;
  readonly plain: boolean;
  readonly color: boolean;
  readonly failEmpty: boolean;
  readonly missingOk: boolean;
  readonly cwd: string | undefined;
  readonly ledger: string | undefined;
  readonly store: string | undefined;
  readonly syncTo: string | undefined;
}

/** How to print: hosts get these with every mounted command. */
export const printFlags: readonly FieldSpec[] = [
  { name: "json", kind: "boolean", description: "print one JSON document, also when it fails" },
  { name: "jsonl", kind: "boolean", description: "print one JSON record a line (log, watch, export)" },
  { name: "plain", kind: "boolean", description: "separate columns by tabs" },
  { name: "noColor", kind: "boolean", description: "no colours" },
  { name: "failEmpty", kind: "boolean", description: "exit 9 when there is nothing to show" },
  { name: "missingOk", kind: "boolean", description: "exit 0 when it does not exist" },
];

/** Where the ledger is: hosts that bring their own do not get these. */
export const placeFlags: readonly FieldSpec[] = [
  { name: "cwd", short: "C", kind: "path", description: "act as if started there", placeholder: "dir" },
  {
    name: "ledger",
    kind: "path",
    description: "the ledger's data directory, or its database file",
    placeholder: "path",
  },
  {
    name: "store",
    kind: "text",
    description: "the ledger as an address: file:<dir>, sqlite:<file> or esdb://<host>",
    placeholder: "address",
  },
  {
    name: "syncTo",
    kind: "text",
    description: "bring what a command wrote to this store as well; see sync",
    placeholder: "address",
  },
];

export const globalFlags: readonly FieldSpec[] = [...placeFlags, ...printFlags];

const globalNames: ReadonlySet<string> = new Set(globalFlags.map(({ name }) => name));

/** Divides what was parsed into what the runner uses and what the command gets. */
export const splitGlobals = (
  options: Readonly<Record<string, unknown>>,
  own: ReadonlySet<string>,
): { readonly globals: Globals; readonly rest: Readonly<Record<string, unknown>> } => {
  // A flag that another one took for its value was asked for all the same: the refusal is printed as it wants.
  const swallowed = Object.entries(options).flatMap(([name, value]) =>
    own.has(name) || globalNames.has(name) ? value : [],
  );
  const is = (name: string): boolean => options[name] === true || swallowed.includes(`--${name}`);
  const text = (name: string): string | undefined =>
    typeof options[name] === "string" ? options[name] : undefined;
  return {
    globals: {
      json: is("json"),
      jsonl: is("jsonl"),
      plain: is("plain"),
      // commander turns `--no-color` into `color: false`.
      color: options.color !== false && !is("noColor"),
      failEmpty: is("failEmpty"),
      missingOk: is("missingOk"),
      cwd: text("cwd"),
      ledger: text("ledger"),
      store: text("store"),
      syncTo: text("syncTo"),
    },
    rest: Object.fromEntries(
      Object.entries(options).filter(
        ([name]) => own.has(name) || !(globalNames.has(name) || name === "color"),
      ),
    ),
  };
};
