/**
 * Z8: hostile command lines, environments and inputs. Argv is made from the table of commands, half of it sensible, and
 * then mistreated. Whatever comes: an exit code of the table, one document with `--json`, nothing thrown, no stack, no
 * byte that a terminal would act on, and no defect of ours (`INTERNAL`).
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { commands, exitCodes, runCommand, runLedger } from "mission-ledger/cli";
import { runCases } from "./inputs/seeded.mjs";

const codes = new Set(Object.values(exitCodes));
const flagOf = (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
const globals = [
  "--json",
  "--json",
  "--jsonl",
  "--plain",
  "--no-color",
  "--fail-empty",
  "--missing-ok",
  "-C",
  "--cwd",
  "--ledger",
  "--store",
];
const texts = [
  "p",
  "p/WP01",
  "p/WP02",
  "WP01",
  "WP03",
  "p/WP99",
  "nobody",
  "",
  " ",
  "-",
  "--",
  "-1",
  "0",
  "1",
  "3",
  "999999999999999999",
  "1e3",
  "5m",
  "30s",
  "4h",
  "done",
  "claimed",
  "in_progress",
  "for-review",
  "approved",
  "changes_requested",
  "implement",
  "commit=9c1f2ab",
  "note=x",
  "T1 Write",
  "no_stream",
  "true",
  "é",
  "\u001b[2J",
  "\u001b]8;;http://x\u0007",
  "\u202eevil",
  "a\u0000b",
  "\ud800",
  "x".repeat(400),
  "__proto__",
  "constructor",
  "$(reboot)",
  "'",
  '"',
  "\n",
  "p/",
  "/",
  "p/WP01/x",
  "%s",
  "bash",
  "zsh",
  "wp.move",
  "u8\u009b31m",
];
/** Never outside the folder: hostile argv runs with our rights. */
const places = [
  "plan",
  ".",
  "nowhere",
  "file:plan",
  "file:",
  "sqlite:x",
  "broken",
  "broken/log",
  "plan/log",
  "notes.txt",
  "-",
  "a\u0000b",
  "é",
];

const valueFor = (chance, { kind, choices, name }) => {
  if (kind === "path" || ["store", "ledger", "cwd"].includes(name)) return chance.pick(places);
  return choices !== undefined && chance.chance(70) ? chance.pick(choices) : chance.pick(texts);
};

/** A command as it might be typed, then some words dropped, doubled, swapped or replaced. */
const argvOf = (chance) => {
  const spec = chance.pick(commands);
  const argv = spec.name.split(".");
  for (const field of spec.arguments) if (chance.chance(85)) argv.push(valueFor(chance, field));
  for (const field of spec.flags) {
    if (!chance.chance(field.required ? 85 : 25)) continue;
    const value = valueFor(chance, field);
    if (field.kind === "boolean") argv.push(flagOf(field.name));
    else if (chance.chance(80)) argv.push(flagOf(field.name), value);
    else argv.push(`${flagOf(field.name)}=${value}`);
  }
  for (let more = chance.below(3); more > 0; more -= 1) {
    const flag = chance.pick(globals);
    argv.splice(chance.below(argv.length + 1), 0, flag);
    if (["-C", "--cwd", "--ledger", "--store"].includes(flag))
      argv.splice(argv.indexOf(flag) + 1, 0, chance.pick(places));
  }
  if (chance.chance(40))
    for (let times = 1 + chance.below(2); times > 0; times -= 1) {
      const at = chance.below(argv.length);
      switch (chance.below(6)) {
        case 0:
          argv.splice(at, 1);
          break;
        case 1:
          argv.splice(at, 0, argv[at] ?? "");
          break;
        case 2:
          argv.splice(
            at,
            0,
            chance.pick([
              "--help",
              "-h",
              "--version",
              "-V",
              "--nope",
              "-x",
              "--",
              "---",
              "--json=1",
              "--no-json",
              "help",
            ]),
          );
          break;
        case 3:
          argv.reverse();
          break;
        case 4:
          argv[at] = chance.pick(texts);
          break;
        default:
          argv[at] = `${(argv[at] ?? "").slice(0, -1)}`;
      }
    }
  return argv;
};

const environmentOf = (chance) => ({
  ...(chance.chance(80) ? { MISSION_LEDGER_ACTOR: chance.chance(90) ? "tester" : chance.pick(texts) } : {}),
  ...(chance.chance(10) ? { MISSION_LEDGER_STORE: chance.pick(places) } : {}),
  ...(chance.chance(10)
    ? {
        [chance.pick(["NO_COLOR", "TERM", "CI", "COLUMNS", "LANG", "HOME"])]: chance.pick([
          "",
          "1",
          "dumb",
          "x",
        ]),
      }
    : {}),
});

/** What a terminal acts on, or an eye is fooled by. Source: the security rules, `printable()`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes that must not come out
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/;
const stack = /^\s+at .*:\d+:\d+\)?$/m;

const wrongWith = (code, out, err, { json, bytes }) => {
  if (!codes.has(code)) return `exit code ${code}`;
  if (stack.test(err) || stack.test(out)) return `a stack trace: ${err}${out}`;
  if (/INTERNAL|OUTPUT_FAILED/.test(err)) return `a defect: ${err}`;
  if (!bytes && unsafe.test(out))
    return `unsafe bytes on standard output: ${JSON.stringify(out.slice(0, 300))}`;
  if (unsafe.test(err)) return `unsafe bytes on standard error: ${JSON.stringify(err.slice(0, 300))}`;
  if (!json) return undefined;
  const lines = out.split("\n");
  if (lines.length !== 2 || lines[1] !== "") return `${lines.length - 1} documents: ${out.slice(0, 300)}`;
  const document = JSON.parse(lines[0]);
  const keys = Object.keys(document).join();
  if (keys !== "schema,command,ok,data,warnings,error") return `an envelope of ${keys}`;
  if (document.ok !== (document.error === null) || document.ok !== (code === 0))
    return `ok ${document.ok}, exit ${code}, error ${document.error?.code}`;
  if (document.error?.code === "INTERNAL") return `a defect: ${document.error.message}`;
  if (!document.ok && (typeof document.error.message !== "string" || document.error.message === ""))
    return "an error without words";
  return undefined;
};

const collector = () => {
  const chunks = [];
  return {
    write: (chunk) => chunks.push(Buffer.from(chunk)) > 0,
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
};

const world = (chance, cwd) => {
  const until = performance.now() + 30;
  // Only what waits for ever asks again and again; it is interrupted soon.
  const stop = new AbortController();
  setTimeout(() => stop.abort(), Math.max(0, until - performance.now())).unref();
  return {
    cwd,
    env: environmentOf(chance),
    clock: { now: () => Date.parse("2026-03-01T10:00:00.000Z") + chance.below(3) * 31_536_000_000 },
    signal: stop.signal,
    stdin: (async function* () {
      if (chance.chance(80)) yield Buffer.from(chance.pick(texts));
      if (chance.chance(10)) yield Buffer.from([0xff, 0xfe, 0x00]);
      if (chance.chance(2)) yield Buffer.alloc(2_000_000, 0x61);
    })(),
  };
};

const typed = async (chance, cwd) => {
  const argv = argvOf(chance);
  const [stdout, stderr] = [collector(), collector()];
  const code = await runLedger(argv, { ...world(chance, cwd), stdout, stderr });
  const end = argv.indexOf("--");
  const flags = end < 0 ? argv : argv.slice(0, end);
  const json = flags.includes("--json") && !flags.includes("--jsonl");
  const bytes = argv.includes("export") && !json;
  const wrong = wrongWith(code, stdout.text(), stderr.text(), { json, bytes });
  return wrong === undefined ? undefined : `mled ${JSON.stringify(argv)}: ${wrong}`;
};

const junk = [
  null,
  0,
  -1,
  1.5,
  2 ** 53,
  true,
  "",
  [],
  {},
  [[]],
  ["p"],
  { kind: "commit", ref: "9c1f2ab" },
  { toString: 1 },
  { length: {} },
  JSON.parse('{"__proto__":{"polluted":1}}'),
];

/** The same commands as a program calls them: an object that may hold anything. */
const handedOver = async (chance, cwd) => {
  const spec = chance.pick(commands);
  const input = Object.fromEntries(
    [...spec.arguments, ...spec.flags]
      .filter((field) => chance.chance(field.required ? 90 : 30))
      .map((field) => [
        field.name,
        chance.chance(25) && field.kind !== "path" ? chance.pick(junk) : valueFor(chance, field),
      ]),
  );
  if (chance.chance(5))
    Object.defineProperty(input, chance.pick(["__proto__", "constructor", "nope"]), {
      value: 1,
      enumerable: true,
    });
  const { exit, envelope } = await runCommand(spec.name, input, world(chance, cwd));
  const wrong = wrongWith(exit, `${JSON.stringify(envelope)}\n`, "", { json: true, bytes: true });
  return wrong === undefined ? undefined : `${spec.name} ${JSON.stringify(input)}: ${wrong}`;
};

/** A ledger to act on, one that is damaged, and some files. */
const prepare = async (scratch) => {
  const home = path.join(scratch, "home");
  mkdirSync(home, { recursive: true });
  const run = async (...argv) => {
    const [stdout, stderr] = [collector(), collector()];
    const io = {
      cwd: home,
      env: { MISSION_LEDGER_ACTOR: "ana" },
      stdout,
      stderr,
      clock: { now: () => Date.parse("2026-03-01T09:00:00.000Z") },
    };
    const code = await runLedger([...argv, "--ledger", "plan"], io);
    if (code !== 0) throw new Error(`mled ${argv.join(" ")} ended with ${code}: ${stderr.text()}`);
  };
  await run("init");
  await run("mission", "create", "p", "Passkeys \u001b[31m\u202e");
  await run("wp", "add", "p", "Login \u0007form", "--id", "WP01", "--owns", "src/**");
  await run("wp", "add", "p", "Verify", "--after", "WP01");
  await run("wp", "add", "p", "Docs", "--id", "WP03", "--subtask", "T1 Write");
  await run("wp", "claim", "p/WP01", "--as", "ana");
  cpSync(path.join(home, "plan"), path.join(home, "broken"), { recursive: true });
  writeFileSync(
    path.join(home, "broken", "log", "mission-p.jsonl"),
    "<<<<<<< HEAD\n\u0000\u001b[31m garbage\n",
  );
  writeFileSync(path.join(home, "notes.txt"), "notes \u001b[2J\n");
  return home;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "Z8",
  name: "command-line",
  title: "hostile command lines, environments and inputs",
  unit: "runs",
  perPush: 5_000,
  longRun: 1_000_000,
  run: async (options) => {
    const home = await prepare(options.scratch);
    let cwd = "";
    const ran = await runCases(options, async (chance, index) => {
      if (index % 250 === 0) {
        if (cwd !== "") rmSync(cwd, { recursive: true, force: true });
        cwd = path.join(options.scratch, `run-${index}`);
        cpSync(home, cwd, { recursive: true });
      }
      return chance.chance(70) ? typed(chance, cwd) : handedOver(chance, cwd);
    });
    const polluted = {}.polluted !== undefined || Object.keys(Object.prototype).length > 0;
    return { ...ran, failures: [...ran.failures, ...(polluted ? ["Object.prototype was changed"] : [])] };
  },
};
