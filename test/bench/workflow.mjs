/**
 * What an agent asks before it goes on (`guard`, `preflight`, `ready`), in a ledger of 10 missions and in one of 10,000: a process
 * each, and warm in one process that keeps the ledger open. Both ledgers belong to repositories of the same content, and take turns.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openLedger } from "mission-ledger";
import { runCommand, runLedger } from "mission-ledger/cli";
import { generateLedger } from "./generate-ledger.mjs";
import { aligned } from "./report.mjs";
import { median, timed } from "./statistics.mjs";

const bin = fileURLToPath(new URL("../../packages/cli/bin/mled.cjs", import.meta.url));
const env = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.org",
  MISSION_LEDGER_ACTOR: "agent:bench",
};
/** Open work beside what the generator makes, all of which is done. */
const slug = "bench";
const perMission = 12;

const cold = (cwd, argv) => {
  const { status, stderr } = spawnSync(process.execPath, [bin, ...argv], {
    cwd,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`mled ${argv.join(" ")} ended with ${status}: ${stderr}`);
};

const quiet = { write: () => true };
const within = async (cwd, argv) => {
  const said = [];
  const stderr = { write: (text) => said.push(String(text)) > 0 };
  const code = await runLedger(argv, { stdout: quiet, stderr, cwd, env });
  if (code !== 0) throw new Error(`mled ${argv.join(" ")} ended with ${code}: ${said.join("")}`);
};

/** A repository with a worktree in which a package is worked on, in a ledger of so many missions. */
const prepare = async (root, missions) => {
  const [origin, main, lane] = ["origin.git", "main", "lane"].map((name) =>
    path.join(root, String(missions), name),
  );
  const git = (cwd, ...args) => execFileSync("git", args, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
  mkdirSync(path.dirname(origin), { recursive: true });
  git(root, "init", "--quiet", "--bare", "--initial-branch=main", origin);
  git(root, "clone", "--quiet", origin, main);
  git(main, "switch", "--quiet", "--create", "main");
  writeFileSync(path.join(main, "readme.md"), "shop\n");
  git(main, "add", "--all");
  git(main, "commit", "--quiet", "--message", "one");
  git(main, "push", "--quiet", "--set-upstream", "origin", "main");
  git(main, "worktree", "add", "--quiet", "-b", "lane", lane);
  cold(main, ["init"]);
  const directory = path.join(main, ".git", "mission-ledger");
  await generateLedger({ directory, events: missions * perMission, missions });
  for (const argv of [
    ["mission", "create", slug, "Bench", "--target", "main"],
    ["wp", "add", slug, "One", "--id", "WP01", "--owns", "src/**"],
    ["wp", "add", slug, "Two", "--id", "WP02", "--owns", "docs/**"],
    ["wp", "claim", `${slug}/WP01`],
    ["wp", "move", `${slug}/WP01`, "in_progress"],
  ])
    cold(lane, argv);
  mkdirSync(path.join(lane, "src"));
  writeFileSync(path.join(lane, "src", "a.ts"), "one\n");
  const ledger = await openLedger({ directory, actor: "agent:bench" });
  const ask = (name, input) => async () => {
    const { exit, envelope } = await runCommand(name, input, { cwd: lane, env, ledger: () => ledger });
    if (exit !== 0) throw new Error(`${name} ended with ${exit}: ${JSON.stringify(envelope.error)}`);
  };
  return {
    close: () => ledger.close(),
    questions: {
      "guard, cold": () => cold(lane, ["guard"]),
      "preflight, cold": () => cold(main, ["preflight", slug]),
      "ready of a mission, cold": () => cold(main, ["ready", slug]),
      "ready of all, cold": () => cold(main, ["ready"]),
      "guard, warm": () => within(lane, ["guard"]),
      "ready of all, warm": () => within(main, ["ready"]),
      "guard of a mission, warm, ledger kept open": ask("guard", { mission: slug }),
      "preflight, warm, ledger kept open": ask("preflight", { mission: slug }),
      "ready of a mission, warm, ledger kept open": ask("ready", { mission: slug }),
      // A host's own ledger brings no index along: every mission is looked at.
      "ready of all, warm, ledger of a host": ask("ready", {}),
    },
  };
};

/** Seconds each where there are many missions. */
const slow = new Set(["ready of all, warm, ledger of a host"]);

/** Medians of interleaved pairs; `ratio` is the median of the pairs' ratios. */
export const measureWorkflow = async ({ directory, pairs, quick, only, say }) => {
  const [few, many] = [10, quick ? 1_000 : 10_000];
  const root = mkdtempSync(path.join(directory, "mission-ledger-workflow-"));
  const ledgers = [];
  try {
    for (const missions of [few, many]) {
      say(`a ledger of ${missions.toLocaleString("en")} missions`);
      ledgers.push(await prepare(root, missions));
    }
    const [small, large] = ledgers;
    const rows = [];
    const isAsked = (name) => only.length === 0 || only.some((start) => name.startsWith(start));
    for (const name of Object.keys(small.questions).filter(isAsked)) {
      say(name);
      const samples = [];
      const most = slow.has(name) ? Math.min(pairs, 3) : pairs;
      for (let pair = -2; pair < most; pair += 1) {
        // Whoever comes second finds a warmer machine, so they take turns at that too.
        const order = pair % 2 === 0 ? [small, large] : [large, small];
        const took = new Map();
        for (const one of order) took.set(one, await timed(one.questions[name]));
        if (pair >= 0) samples.push([took.get(small), took.get(large)]);
      }
      const of = (index) => median(samples.map((sample) => sample[index]));
      rows.push({
        name,
        few: of(0),
        many: of(1),
        ratio: median(samples.map(([one, other]) => other / one)),
        pairs: most,
      });
    }
    return { missions: { few, many }, rows };
  } finally {
    for (const ledger of ledgers) await ledger.close();
    rmSync(root, { recursive: true, force: true });
  }
};

const limit = 1.5;

export const renderWorkflow = ({ missions, rows }) =>
  `${aligned([
    [
      "question",
      `${missions.few} missions, ms`,
      `${missions.many.toLocaleString("en")} missions, ms`,
      "ratio",
      "goal",
      "",
    ],
    ...rows.map(({ name, few, many, ratio }) => [
      name,
      few.toFixed(2),
      many.toFixed(2),
      `${ratio.toFixed(2)} ×`,
      `≤ ${limit} ×`,
      ratio <= limit ? "met" : "not met",
    ]),
  ]).join("\n")}\n`;
