/** F15: writers beside everything that git does to a work tree; the authoritative log loses nothing, and the copy follows. */
import { fork } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { accept, commandHandler, eventCodec } from "@mission-ledger/core";
import {
  applyGitSetup,
  forksOf,
  inspectStream,
  openFileStore,
  planGitSetup,
  readCopy,
} from "@mission-ledger/store-file";
import { seededRandomness } from "@mission-ledger/testkit";
import { actions, openRepository } from "./git/actions.mjs";

const writers = 3;
const streams = ["storm-a", "storm-b"];
/** Then a new repository begins: what git and the judge have to read grows with a log. */
const perRepository = 5_000;

const program = fileURLToPath(new URL("../../packages/cli/bin/mled.cjs", import.meta.url));

const digestsIn = (bytes, stream) =>
  new Set(readCopy(bytes, stream, stream).records.map(({ record }) => record.events.at(-1).digest));

/** What stands in the log and not in the copy, up to a revision. */
const missingIn = (copy, log, stream, upTo) => {
  const held = existsSync(copy) ? digestsIn(readFileSync(copy), stream) : new Set();
  return readCopy(readFileSync(log), stream, stream).records.filter(
    ({ record }) => record.firstRevision <= upTo && !held.has(record.events.at(-1).digest),
  ).length;
};

const startWriters = () =>
  Array.from({ length: writers }, (_, index) => {
    const child = fork(fileURLToPath(new URL("git/writer.mjs", import.meta.url)), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const listeners = { progress: () => {}, result: () => {} };
    child.on("message", ({ progress, result }) => {
      if (progress !== undefined) listeners.progress(progress);
      if (result !== undefined) listeners.result(result);
    });
    child.on("exit", (code) =>
      listeners.result({
        acknowledged: [],
        warnings: {},
        faults: {},
        failures: [`writer ${index} ended with ${code}`],
      }),
    );
    return { child, listeners, name: `w${index}` };
  });

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F15",
  name: "git",
  title: `real git beside ${writers} writers`,
  unit: "acknowledgements",
  perPush: 100_000,
  longRun: 1_000_000,
  skip: async () => {
    const { ok } = await openRepository(".", "/nonexistent").git("--version");
    if (!ok) return "there is no git";
    return existsSync(program) ? undefined : "the program is not built";
  },
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const { fraction } = seededRandomness(seed);
    const failures = [];
    const figures = { repositories: 0, "git commands": 0, "git said no": 0, converged: 0 };
    const counted = {};
    const crew = startWriters();
    let done = 0;
    const begun = performance.now();
    try {
      while (done < goal && failures.length === 0 && performance.now() < deadline) {
        const folder = path.join(scratch, `repository-${figures.repositories}`);
        const wanted = Math.min(perRepository, goal - done);
        done += await oneRepository({
          folder,
          scratch,
          wanted,
          crew,
          fraction,
          failures,
          figures,
          counted,
          deadline,
        });
        figures.repositories += 1;
        note(`${done} acknowledgements, ${figures["git commands"]} git commands`);
        if (failures.length === 0) rmSync(folder, { recursive: true, force: true });
      }
    } finally {
      for (const { child, listeners } of crew) {
        listeners.result = () => {};
        child.disconnect();
      }
    }
    const minutes = (performance.now() - begun) / 60_000;
    return {
      done,
      failures,
      figures: { ...figures, ...counted, "acknowledgements/min": Math.round(done / minutes) },
    };
  },
};

const oneRepository = async ({
  folder,
  scratch,
  wanted,
  crew,
  fraction,
  failures,
  figures,
  counted,
  deadline,
}) => {
  mkdirSync(folder);
  const repository = openRepository(folder, scratch);
  await repository.git("init", "-q", "-b", "main");
  writeFileSync(path.join(folder, "readme"), "work\n");
  const setup = planGitSetup({
    cwd: folder,
    git: { env: repository.env },
    program: [process.execPath, program],
  });
  applyGitSetup(setup, { git: { env: repository.env } });
  for (const message of ["first", "second"]) await actions.commit(repository, message);
  const directory = path.join(folder, ".git", "mission-ledger");
  const task = { directory, publishTo: setup.folder, streams };

  let progress = 0;
  const results = crew.map(
    ({ child, listeners, name }) =>
      new Promise((resolve) => {
        listeners.progress = (count) => {
          progress += count;
        };
        listeners.result = resolve;
        child.send({ ...task, writer: name });
      }),
  );
  const store = await openFileStore(task);
  const handler = commandHandler({
    store,
    decider: {
      category: "storm",
      version: 1,
      initial: {},
      decide: ({ step }) => accept({ type: "Noted", step }),
      evolve: (state) => state,
    },
    codec: eventCodec({ Noted: { version: 1 } }),
  });
  const names = Object.keys(actions);
  let step = 0;
  const command = async (stream) => {
    step += 1;
    const asked = { type: "Note", step, at: "2026-01-01T00:00:00.000Z" };
    const answer = await handler.attempt(stream, asked, { actor: "main", commandId: `main:${step}` })();
    if (answer._tag === "Left")
      throw new Error(`${answer.left.code ?? "conflict"}: ${answer.left.message ?? ""}`);
    return answer.right;
  };
  const paths = (stream) => [
    path.join(setup.folder, "log", `${stream}.jsonl`),
    path.join(directory, "log", `${stream}.jsonl`),
  ];
  /** One command on each stream, then the copy has to hold what the log holds up to it. */
  const converges = async (after) => {
    for (const stream of streams) {
      const { revision, warnings } = await command(stream);
      for (const { code } of warnings) counted[`warned ${code}`] = (counted[`warned ${code}`] ?? 0) + 1;
      const missing = missingIn(...paths(stream), stream, revision);
      if (missing === 0) figures.converged += 1;
      else
        failures.push(
          `after ${after} the copy of ${stream} lacks ${missing} records up to revision ${revision}`,
        );
    }
  };
  try {
    while (progress < wanted && failures.length === 0 && performance.now() < deadline) {
      const name = names[Math.floor(fraction() * names.length)];
      const { ok, said } = await actions[name](repository);
      figures["git commands"] += 1;
      counted[name] = (counted[name] ?? 0) + 1;
      if (!ok) {
        figures["git said no"] += 1;
        counted[`no to ${name}`] = (counted[`no to ${name}`] ?? 0) + 1;
        if (process.env.RIG_SAYS) process.stderr.write(`${name}: ${said}\n`);
      }
      await converges(name);
    }
  } catch (error) {
    failures.push(`beside git: ${error.message}`);
  }
  for (const { child } of crew) child.send({ end: true });
  const ended = await Promise.all(results);
  const acknowledged = ended.flatMap((result) => result.acknowledged);
  for (const { warnings, faults, failures: told } of ended) {
    failures.push(...told);
    for (const [code, count] of Object.entries(warnings))
      counted[`warned ${code}`] = (counted[`warned ${code}`] ?? 0) + count;
    for (const [code, count] of Object.entries(faults))
      counted[`fault ${code}`] = (counted[`fault ${code}`] ?? 0) + count;
  }
  if (failures.length === 0) await converges("everything");
  failures.push(...(await judge({ store, directory, acknowledged })));
  await store.close();
  return acknowledged.length + step;
};

/** The authoritative log holds every acknowledged command once, whole, and no branch. */
const judge = async ({ store, directory, acknowledged }) => {
  const failures = [];
  const found = new Map();
  for (const stream of streams) {
    for await (const batch of store.read(stream))
      for (const { commandId } of batch) found.set(commandId, (found.get(commandId) ?? 0) + 1);
    const { findings, voidRecords, brokenLinks, suspect } = inspectStream({ directory, stream });
    if (findings.length > 0 || voidRecords > 0 || brokenLinks.length > 0 || suspect)
      failures.push(
        `${stream}: ${JSON.stringify({ findings: findings.slice(0, 3), voidRecords, brokenLinks: brokenLinks.length, suspect })}`,
      );
    if (forksOf({ directory, stream }).length > 0)
      failures.push(`${stream} is forked, although one ledger wrote it`);
  }
  const gone = acknowledged.filter((commandId) => !found.has(commandId));
  const doubled = [...found.values()].filter((count) => count > 1);
  if (gone.length > 0) failures.push(`${gone.length} acknowledged commands are gone, such as ${gone[0]}`);
  if (doubled.length > 0) failures.push(`${doubled.length} commands are in the log twice`);
  return failures;
};
