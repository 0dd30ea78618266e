/**
 * Ledgers of any size to measure: missions whose packages are planned, claimed, worked on, sent back, approved and done, in
 * records that carry valid digests, links and checksums, so that `mled verify` passes. A few lives are lived through by the
 * real decider; every mission lives one of them under names, ids and times of its own.
 *
 *     node test/bench/generate-ledger.mjs <folder> <events> <missions>
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { emptyHead, openMemoryStore, sealCommit } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { encodeRecord } from "../../packages/store-file/dist/log/record.js";

const maxRecordBytes = 65_536;
/** Missions that are worked on at the same time, so that the ledger's order goes from one to the other. */
const atOnce = 16;
const dayMs = 86_400_000;
const begun = Date.UTC(2026, 0, 5, 8);

export const slugOf = (mission) => `mission-${String(mission).padStart(6, "0")}`;

/** What stands for the mission's own slug in the life it copies; as long as a slug, so that sizes are alike. */
const templateSlug = "mission-slug00";
const uuidOf = (text) => {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const agents = ["agent:ada", "agent:bob", "agent:cyd", "agent:dan"];
const reviewers = ["agent:rita", "agent:rex"];
const verbs = ["Store", "Validate", "Render", "Measure", "Migrate", "Cache", "Document", "Retry"];
const nouns = [
  "credentials",
  "sessions",
  "the login form",
  "attestations",
  "audit entries",
  "recovery codes",
];

/** Commands that take `packages` work packages from the plan to done, some of them with a review that asks for changes. */
const liveThrough = async (life, packages) => {
  const store = openMemoryStore();
  let now = begun;
  const ledger = ledgerOver({ store, actor: "planner", clock: { now: () => now } });
  const mission = ledger.mission(templateSlug);
  const run = (actor, request) => {
    now += 45_000;
    return mission.execute(request, { actor });
  };
  const idOf = (index) => `WP${String(index + 1).padStart(2, "0")}`;
  await run("planner", {
    type: "CreateMission",
    slug: templateSlug,
    title: `${verbs[life % verbs.length]} ${nouns[life % nouns.length]} for every client`,
    missionId: uuidOf(`template ${life}`),
    dependencyMetAt: "approved",
  });
  await run("planner", {
    type: "AddWorkPackages",
    workPackages: Array.from({ length: packages }, (_, index) => ({
      workPackageId: idOf(index),
      title: `${verbs[(life + index) % verbs.length]} ${nouns[index % nouns.length]}`,
      dependsOn: index < 2 ? [] : [idOf(index - 2)],
      owns: [`src/${idOf(index).toLowerCase()}/**`, `test/${idOf(index).toLowerCase()}/**`],
      subtasks: ["model", "endpoint", "tests"].map((title, at) => ({ id: `T${at + 1}`, title })),
      executionLane: index % 3 === 0 ? "lane-a" : null,
    })),
  });
  for (let index = 0; index < packages; index += 1) {
    const workPackageId = idOf(index);
    const agent = agents[(life + index) % agents.length];
    const reviewer = reviewers[index % reviewers.length];
    const rounds = (life + index) % 4 === 0 ? 2 : 1;
    for (let round = 1; round <= rounds; round += 1) {
      const claimed = await run(agent, {
        type: "ClaimWorkPackage",
        workPackageId,
        kind: "implement",
        leaseMs: 14_400_000,
      });
      const { fence } = claimed.state.workPackages[workPackageId].claim;
      await run(agent, { type: "MoveWorkPackage", workPackageId, to: "in_progress", fence });
      if (round === 1)
        for (const subtaskId of ["T1", "T2", "T3"]) {
          await run(agent, { type: "MarkSubtask", workPackageId, subtaskId, done: true, fence });
          await run(agent, { type: "RenewClaim", workPackageId, leaseMs: 14_400_000, fence });
        }
      const evidence = [
        { kind: "commit", ref: createHash("sha1").update(`${life} ${index} ${round}`).digest("hex") },
        { kind: "test", ref: `test/${workPackageId.toLowerCase()}/login.test.ts` },
      ];
      await run(agent, { type: "MoveWorkPackage", workPackageId, to: "for_review", evidence, fence });
      const review = await run(reviewer, {
        type: "ClaimWorkPackage",
        workPackageId,
        kind: "review",
        leaseMs: 14_400_000,
      });
      const isLast = round === rounds;
      await run(reviewer, {
        type: "SubmitReview",
        workPackageId,
        verdict: isLast ? "approved" : "changes_requested",
        notes: isLast
          ? "Read and tried: the happy path, a revoked token, two agents at once. The tests fail without the change."
          : "A revoked token still opens a session; see the third case of the login tests. Please cover it and hand it over again.",
        fence: review.state.workPackages[workPackageId].claim.fence,
      });
    }
    await run("planner", { type: "MoveWorkPackage", workPackageId, to: "done" });
  }
  const records = [];
  for await (const batch of store.read(mission.stream))
    for (const { commandId, actor, recordedAt, type, version, data } of batch) {
      const known = records.at(-1);
      const event = { type, version, data: JSON.stringify(data) };
      if (known?.commandId === commandId) known.events.push(event);
      else records.push({ commandId, actor, afterMs: Date.parse(recordedAt) - begun, events: [event] });
    }
  return records;
};

/** Eight lives, so long that `missions` of them have about `events` events together. */
const livesFor = async (events, missions) => {
  const perMission = events / missions;
  const lives = [];
  for (let life = 0; life < 8; life += 1) {
    // A package's life takes some 22 events; lives differ by a package or two.
    const packages = Math.max(1, Math.round(perMission / 22.3) + ((life % 5) - 2));
    lives.push(await liveThrough(life, packages));
  }
  return lives;
};

const eventsOf = (records) => records.reduce((sum, { events }) => sum + events.length, 0);

/** The lines of mission number `mission`; `seqOf(index)` is the number of its record `index` in the ledger's order. */
const linesOf = (mission, records, seqOf, origin) => {
  const slug = slugOf(mission);
  const stream = `mission-${slug}`;
  const lines = [];
  let head = emptyHead;
  for (const [index, { actor, afterMs, events }] of records.entries()) {
    const commandId = uuidOf(`${slug} ${index}`);
    const commit = sealCommit(
      head,
      {
        stream,
        commandId,
        commandDigest: createHash("sha256").update(commandId).digest("hex"),
        recordedAt: new Date(begun + (mission % 300) * dayMs + afterMs).toISOString(),
        actor,
      },
      events.map(({ type, version, data }) => ({
        type,
        version,
        data: JSON.parse(data.replaceAll(templateSlug, slug)),
      })),
    );
    lines.push(encodeRecord(commit, { origin, seq: seqOf(index) }, maxRecordBytes));
    const last = commit.events.at(-1);
    head = { revision: last.revision, digest: last.digest };
  }
  return lines;
};

/** Writes the logs of the missions of some groups. */
const writeGroups = ({ directory, missions, lives, origin, groups }) => {
  for (const { first, seq } of groups) {
    const members = [];
    for (let mission = first; mission < Math.min(missions, first + atOnce); mission += 1)
      members.push({ mission, records: lives[mission % lives.length], seqs: [] });
    let next = seq;
    for (let index = 0; members.some(({ records }) => index < records.length); index += 1)
      for (const { records, seqs } of members)
        if (index < records.length) {
          seqs.push(next);
          next += 1;
        }
    for (const { mission, records, seqs } of members) {
      const lines = linesOf(mission, records, (index) => seqs[index], origin);
      writeFileSync(path.join(directory, "log", `mission-${slugOf(mission)}.jsonl`), Buffer.concat(lines), {
        mode: 0o600,
      });
    }
  }
};

/**
 * Fills an empty folder with about `events` events in `missions` missions. Nothing is flushed.
 *
 * @param {{ directory: string, events: number, missions: number, threads?: number }} options
 * @returns {Promise<{ events: number, records: number, missions: number }>}
 */
export const generateLedger = async ({ directory, events, missions, threads = 2 }) => {
  mkdirSync(path.join(directory, "log"), { recursive: true, mode: 0o700 });
  const lives = await livesFor(events, missions);
  const origin = uuidOf(directory);
  const groups = [];
  let seq = 1;
  let made = 0;
  for (let first = 0; first < missions; first += atOnce) {
    groups.push({ first, seq });
    for (let mission = first; mission < Math.min(missions, first + atOnce); mission += 1) {
      const records = lives[mission % lives.length];
      seq += records.length;
      made += eventsOf(records);
    }
  }
  const shares = Array.from({ length: threads }, (_, share) =>
    groups.filter((_, index) => index % threads === share),
  );
  await Promise.all(
    shares.map(
      (share) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(fileURLToPath(import.meta.url), {
            workerData: { directory, missions, lives, origin, groups: share },
          });
          worker.once("error", reject);
          worker.once("exit", (code) =>
            code === 0 ? resolve() : reject(new Error(`a generator thread ended with ${code}`)),
          );
        }),
    ),
  );
  return { events: made, records: seq - 1, missions };
};

if (!isMainThread && workerData?.lives !== undefined) {
  writeGroups(workerData);
  parentPort?.close();
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory, events, missions] = process.argv.slice(2);
  if (missions === undefined) {
    process.stderr.write("usage: node test/bench/generate-ledger.mjs <folder> <events> <missions>\n");
    process.exitCode = 2;
  } else {
    const made = await generateLedger({ directory, events: Number(events), missions: Number(missions) });
    process.stdout.write(`${JSON.stringify(made)}\n`);
  }
}
