/**
 * The benchmarks: `pnpm bench <name> [--store file|sqlite] [--json] [--quick] [--dir <folder>] [--only <load>,…]`. They need a build
 * (`pnpm build`), write to a folder of their own under the system's temporary directory or `--dir`, and delete it again. Transitions
 * are measured on a server as well: `--store <esdb URL>`, or `--store wire` for the wire server in a process of its own; a category
 * of missions on a server only.
 */
import os from "node:os";
import { parseArgs } from "node:util";

const onServer = (store) => store === "wire" || /^(?:esdb|kurrentdb)(?:\+discover)?:\/\//.test(store);

const benches = {
  transitions: async (options) => {
    if (onServer(options.store)) {
      const { measureOnServer, renderOnServer } = await import("./transitions-on-server.mjs");
      const events = options.quick ? [100, 500] : [1_000, 10_000];
      return { measure: () => measureOnServer({ ...options, events }), render: renderOnServer };
    }
    const { measureTransitions } = await import("./transitions.mjs");
    const { renderTransitions } = await import("./report.mjs");
    return { measure: () => measureTransitions(options), render: renderTransitions };
  },
  contention: async (options) => {
    const { measureContention } = await import("./contention.mjs");
    const { renderContention } = await import("./contention-report.mjs");
    return { measure: () => measureContention(options), render: renderContention };
  },
  category: async (options) => {
    const { measureCategory, renderCategory } = await import("./category.mjs");
    return { measure: () => measureCategory(options), render: renderCategory };
  },
  rebuild: async (options) => {
    const { measureRebuild, renderRebuild } = await import("./rebuild.mjs");
    return { measure: () => measureRebuild(options), render: renderRebuild };
  },
  workflow: async (options) => {
    const { measureWorkflow, renderWorkflow } = await import("./workflow.mjs");
    return { measure: () => measureWorkflow(options), render: renderWorkflow };
  },
};

const sizes = {
  full: {
    rounds: 25,
    operations: 60,
    pairs: 25,
    events: [1_000, 100_000],
    others: { events: 1_000_000, missions: 5_000 },
  },
  quick: {
    rounds: 5,
    operations: 20,
    pairs: 3,
    events: [1_000, 5_000],
    others: { events: 20_000, missions: 100 },
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean" },
    quick: { type: "boolean" },
    store: { type: "string", default: "file" },
    dir: { type: "string" },
    only: { type: "string" },
  },
});
const bench = Object.hasOwn(benches, positionals[0] ?? "") ? benches[positionals[0]] : undefined;
const kindsOf = { category: [false, true], transitions: [true, true] };
const [onDisk, onServers] = kindsOf[positionals[0]] ?? [true, false];
const isStore = onServer(values.store) ? onServers : onDisk && ["file", "sqlite"].includes(values.store);
if (bench === undefined || positionals.length !== 1 || !isStore) {
  process.stderr.write(
    `usage: pnpm bench <${Object.keys(benches).join("|")}> [--store file|sqlite|<esdb URL>|wire] [--json] [--quick] [--dir <folder>] [--only <load>,…]\n`,
  );
  process.exitCode = 2;
} else {
  const say = (text) => process.stderr.write(`bench: ${text}\n`);
  const size = values.quick ? sizes.quick : sizes.full;
  const { measure, render } = await bench({
    ...size,
    quick: values.quick ?? false,
    store: values.store,
    only: values.only?.split(",") ?? [],
    directory: values.dir ?? os.tmpdir(),
    say,
  });
  const figures = await measure();
  process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : render(figures));
}
