/**
 * F19: interrupted commands and readers that go away. Real programs get SIGINT, SIGTERM or a closed standard output at a
 * random moment; the same commands in process are interrupted at their first, second, third ... chance, and lose their
 * reader at each write. Afterwards the same command with the same request id must stand in the log exactly once, and
 * what was said before must have been true.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openFileStore } from "@mission-ledger/store-file";
import { runLedger } from "mission-ledger/cli";
import { seeded } from "./inputs/seeded.mjs";

const bin = fileURLToPath(new URL("../../packages/cli/bin/mled.cjs", import.meta.url));
const bundle = fileURLToPath(new URL("../../packages/cli/dist/bin/mled-bundle.cjs", import.meta.url));
const stack = /^\s+at .*:\d+:\d+\)?$/m;

const writes = [
  (id) => ["wp", "note", "p/WP01", `note ${id}`],
  (id) => ["wp", "add", "p", `Package ${id}`, "--id", `X-${id.slice(0, 20)}`],
  (id) => ["wp", "note", "p/WP02", `${id} said again`],
];
const reads = [
  ["board", "p"],
  ["log", "--limit", "0", "--jsonl"],
  ["wp", "list", "p", "--json"],
  ["verify"],
  ["doctor"],
  ["ready", "--json"],
  ["mission", "show", "p"],
];

const collector = (breaksAt = Number.POSITIVE_INFINITY) => {
  const chunks = [];
  let count = 0;
  return {
    write: (chunk) => {
      count += 1;
      if (count >= breaksAt) throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
      return chunks.push(Buffer.from(chunk)) > 0;
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
};

const mled = async (cwd, argv, { signal, stdout = collector() } = {}) => {
  const stderr = collector();
  const io = {
    cwd,
    env: { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: "file:plan" },
    stdout,
    stderr,
    ...(signal === undefined ? {} : { signal }),
  };
  return { code: await runLedger(argv, io), out: stdout.text(), err: stderr.text() };
};

/** Ids of all commands in the log, each as often as it stands there as a commit. */
const commandsIn = async (directory) => {
  const store = await openFileStore({ directory });
  const found = new Map();
  let previous = "";
  try {
    for await (const batch of store.read("mission-p"))
      for (const { commandId } of batch) {
        if (commandId !== previous) found.set(commandId, (found.get(commandId) ?? 0) + 1);
        previous = commandId;
      }
  } finally {
    await store.close();
  }
  return found;
};

/** Says stop at its `last` question. */
const interruptAt = (last) => {
  let asked = 0;
  const stop = () => {
    asked += 1;
    return asked >= last;
  };
  return {
    get aborted() {
      return stop();
    },
    throwIfAborted: () => {
      if (stop()) throw Object.assign(new Error("This operation was aborted"), { name: "AbortError" });
    },
    addEventListener: () => {},
    removeEventListener: () => {},
    get wasAsked() {
      return asked >= last;
    },
  };
};

const documentOf = (out) => {
  try {
    return JSON.parse(out);
  } catch {
    return undefined;
  }
};

/** What was said about a write, held against the log before and after it is asked for again. */
const wrongAfter = async (home, argv, id, { code, out, silent }) => {
  const directory = path.join(home, "plan");
  const before = (await commandsIn(directory)).get(id) ?? 0;
  const said = documentOf(out);
  if (before > 1) return `${id} was written ${before} times`;
  if (code === 0 && before === 0) return "exit 0 and nothing in the log";
  if (code === 0 && !silent && said?.data?.commandId !== id)
    return `exit 0 without a receipt: ${out.slice(0, 200)}`;
  if (code === 130 && before === 1) return `exit 130 (${said?.error?.message}) and it is in the log`;
  if (
    code === 130 &&
    !silent &&
    (said?.error?.code !== "INTERRUPTED" || said.error.outcome !== "not_written")
  )
    return `exit 130 with ${out.slice(0, 200)}`;
  const again = await mled(home, argv);
  const receipt = documentOf(again.out);
  if (again.code !== 0 || receipt?.data?.commandId !== id)
    return `asked again it ended with ${again.code}: ${again.out.slice(0, 300)}`;
  if (receipt.data.repeated !== (before === 1))
    return `asked again it said repeated ${receipt.data.repeated}, but stood in the log ${before} times`;
  return (await commandsIn(directory)).get(id) === 1 ? undefined : `${id} is not in the log exactly once`;
};

/** A real program, struck at a random moment; answers what was wrong, and whether the blow came in time. */
const strike = (chance, home, id, millisecondsOfRun) =>
  new Promise((resolve, reject) => {
    const isWrite = chance.chance(75);
    const argv = isWrite ? [...chance.pick(writes)(id), "--request-id", id, "--json"] : chance.pick(reads);
    const kind = chance.pick(["SIGINT", "SIGTERM", "SIGINT", "SIGTERM", "EPIPE", "twice"]);
    const env = {
      PATH: process.env.PATH ?? "",
      MISSION_LEDGER_ACTOR: "tester",
      MISSION_LEDGER_STORE: "file:plan",
    };
    const child = spawn(process.execPath, [bin, ...argv], {
      cwd: home,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, err, struck] = ["", "", false];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    const blow = () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      struck = true;
      if (kind === "EPIPE") child.stdout.destroy();
      else child.kill(kind === "twice" ? "SIGINT" : kind);
      if (kind === "twice") setTimeout(() => child.kill("SIGTERM"), chance.below(3));
    };
    const timer = setTimeout(blow, chance.below(Math.ceil(millisecondsOfRun * 1.1)));
    child.once("error", reject);
    child.once("close", async (code, signal) => {
      clearTimeout(timer);
      try {
        const silent = kind === "EPIPE" && struck;
        const told = `mled ${argv.join(" ")} struck by ${struck ? kind : "nothing"}, ended with ${signal ?? code}: `;
        // Before its handlers stand, and at the second blow, a process ends as signals end processes.
        const legal = [0, 130, ...(kind === "twice" ? [143] : [])];
        if (signal === null && !legal.includes(code) && struck)
          return resolve({ struck, wrong: `${told}no documented exit code; ${err}` });
        if (signal !== null && !struck) return resolve({ struck, wrong: `${told}killed by nobody` });
        if (stack.test(err) || /INTERNAL|OUTPUT_FAILED/.test(err))
          return resolve({ struck, wrong: `${told}${err}` });
        const wrong = isWrite
          ? await wrongAfter(home, argv, id, { code: signal === null ? code : undefined, out, silent })
          : undefined;
        return resolve({ struck, wrong: wrong === undefined ? undefined : told + wrong });
      } catch (error) {
        return reject(error);
      }
    });
  });

/** The same in process: the blow comes at an exact step. */
const strikeWithin = async (chance, home, id) => {
  const isWrite = chance.chance(70);
  const argv = isWrite ? [...chance.pick(writes)(id), "--request-id", id, "--json"] : chance.pick(reads);
  const breaks = chance.chance(40);
  const signal = breaks ? undefined : interruptAt(1 + chance.below(24));
  const stdout = collector(breaks ? 1 + chance.below(4) : undefined);
  const { code, out, err } = await mled(home, argv, { ...(signal === undefined ? {} : { signal }), stdout });
  const struck = breaks || signal.wasAsked;
  const told = `in process, mled ${argv.join(" ")} ${breaks ? "without a reader" : "interrupted"}, ended with ${code}: `;
  if (![0, 130].includes(code)) return { struck, wrong: `${told}${err}${out}` };
  if (stack.test(err) || /INTERNAL|OUTPUT_FAILED/.test(err + out))
    return { struck, wrong: `${told}${err}${out}` };
  const wrong = isWrite ? await wrongAfter(home, argv, id, { code, out, silent: breaks }) : undefined;
  return { struck, wrong: wrong === undefined ? undefined : told + wrong };
};

const prepare = async (scratch, name) => {
  const home = path.join(scratch, name);
  mkdirSync(path.join(home, "001-a"), { recursive: true });
  writeFileSync(path.join(home, "001-a", "status.events.jsonl"), "");
  for (const argv of [
    ["init"],
    ["mission", "create", "p", "Title"],
    ["wp", "add", "p", "One"],
    ["wp", "add", "p", "Two"],
  ]) {
    const { code, err } = await mled(home, argv);
    if (code !== 0) throw new Error(`mled ${argv.join(" ")} ended with ${code}: ${err}`);
  }
  return home;
};

/** Strikes per ledger: a log that grows makes every look at it slower. */
const perLedger = 60;
const realShare = 0.2;

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F19",
  name: "signals",
  title: "SIGINT, SIGTERM and lost readers at any step of a command",
  unit: "strikes",
  perPush: 2_000,
  longRun: 100_000,
  cores: 2,
  skip: () =>
    process.platform === "win32"
      ? "signals are POSIX's"
      : existsSync(bundle)
        ? undefined
        : "the program is not built: node scripts/bundle-cli.mjs",
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const failures = [];
    const figures = { realPrograms: 0, inProcess: 0, cameTooLate: 0 };
    const done = () => figures.realPrograms + figures.inProcess;
    const share = (goal === Number.POSITIVE_INFINITY ? 100_000 : goal) * realShare;
    const isOver = () => failures.length >= 5 || done() >= goal || performance.now() > deadline;
    let [homes, tries] = [0, 0];
    let millisecondsOfRun = 100;
    const lane = async (real) => {
      let [home, left] = ["", 0];
      while (
        !isOver() &&
        (real ? figures.realPrograms < share : done() < goal - Math.max(0, share - figures.realPrograms))
      ) {
        if (left-- <= 0) {
          homes += 1;
          [home, left] = [await prepare(scratch, `home-${homes}`), perLedger];
        }
        tries += 1;
        const chance = seeded(seed, tries);
        const from = performance.now();
        const { struck, wrong } = real
          ? await strike(chance, home, chance.uuid(), millisecondsOfRun)
          : await strikeWithin(chance, home, chance.uuid());
        if (real && !struck)
          millisecondsOfRun = Math.max(40, 0.9 * millisecondsOfRun + 0.1 * (performance.now() - from));
        if (wrong !== undefined) failures.push(`seed ${seed} try ${tries}: ${wrong}`);
        if (!struck) figures.cameTooLate += 1;
        else figures[real ? "realPrograms" : "inProcess"] += 1;
        if (tries % 500 === 0) note(`${done()} strikes`);
      }
    };
    // Four programs at a time, while this process strikes its own commands.
    await Promise.all([lane(true), lane(true), lane(true), lane(true), lane(false)]);
    return { done: done(), failures, figures };
  },
};
