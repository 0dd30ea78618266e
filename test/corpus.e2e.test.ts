/** Real missions through the real command: imported, held against the oracle, exported byte for byte, proven, moved on. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { buildFirst, program } from "../packages/cli/src/testing/built-program.ts";

const repository = path.resolve(import.meta.dirname, "..");
const corpus = process.env.MISSION_LEDGER_CORPUS ?? path.resolve(repository, "../shared/corpus");
const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-corpus-"));
buildFirst();
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Envelope {
  readonly ok: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: what a command prints is read here as any program would read it
  readonly data: any;
  readonly error: { readonly code: string; readonly message: string } | null;
}

const mled = (
  ...args: readonly string[]
): { readonly status: number | null; readonly stdout: Buffer; readonly stderr: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: scratch,
    env: { ...process.env, MISSION_LEDGER_STORE: "", MISSION_LEDGER_ACTOR: "" },
    maxBuffer: 268_435_456,
  });
  return { status, stdout, stderr: stderr.toString("utf8") };
};

const mledJson = (...args: readonly string[]): Envelope => {
  const { stdout, stderr } = mled(...args, "--json");
  try {
    return JSON.parse(stdout.toString("utf8")) as Envelope;
  } catch {
    throw new Error(`mled ${args.join(" ")} printed no JSON: ${stderr}`);
  }
};

/** What Spec Kitty's own reader and reducer say of a log. */
interface OracleMission {
  readonly rows: number;
  readonly transition_rows: number;
  readonly annotation_rows: number;
  readonly work_packages: Readonly<
    Record<
      string,
      { readonly lane: string; readonly force_count: number; readonly last_event_id: string | null }
    >
  >;
}

const toldBy = ({ rows, transition_rows, annotation_rows, work_packages }: OracleMission) => ({
  rows,
  transitions: transition_rows,
  annotations: annotation_rows,
  workPackages: Object.fromEntries(
    Object.entries(work_packages).map(([id, { lane, force_count, last_event_id }]) => [
      id,
      { lane, forceCount: force_count, lastEventId: last_event_id },
    ]),
  ),
});

describe.each([
  ["spec-kitty", "file", 63],
  ["spec-kitty-history", "file", 19],
  ...(inject("sqlite") ? ([["spec-kitty", "sqlite", 63]] as const) : []),
] as const)("the missions of %s, kept by the %s store,", (folder, store, expected) => {
  const home = path.join(corpus, folder);
  const present = existsSync(path.join(home, "oracle.json"));
  if (!present) console.log(`corpus: ${home} is not here, so its missions are not tested`);
  const oracle: Readonly<Record<string, OracleMission>> = present
    ? (
        JSON.parse(readFileSync(path.join(home, "oracle.json"), "utf8")) as {
          missions: Record<string, OracleMission>;
        }
      ).missions
    : {};
  const names = Object.keys(oracle);
  const ledger = `${store}:${path.join(scratch, store === "file" ? folder : `${folder}.db`)}`;
  let missions: readonly {
    readonly slug: string;
    readonly path: string;
    readonly rows: number;
    readonly transitions: number;
    readonly annotations: number;
    readonly workPackages: Readonly<
      Record<
        string,
        { readonly lane: string; readonly forceCount: number; readonly lastEventId: string | null }
      >
    >;
  }[] = [];
  const folderOf = (mission: { readonly path: string }) => path.basename(mission.path);

  test.runIf(present)("are all imported in one go", () => {
    const { ok, data, error } = mledJson(
      "import",
      "spec-kitty",
      ...names.map((name) => path.join(home, name)),
      "--store",
      ledger,
    );
    expect(error).toBeNull();
    expect(ok).toBe(true);
    missions = data.missions;
    expect(missions).toHaveLength(expected);
    expect(missions.map(folderOf).sort()).toEqual([...names].sort());
  });

  test.runIf(present)("have the lanes, force counts, last event ids and counts of the oracle", () => {
    expect(missions).toHaveLength(expected);
    for (const mission of missions) {
      const { rows, transitions, annotations, workPackages } = mission;
      const told = toldBy(oracle[folderOf(mission)] as OracleMission);
      expect({ rows, transitions, annotations, workPackages }, folderOf(mission)).toEqual(told);
    }
  });

  test.runIf(present)("are exported byte for byte as they came", () => {
    expect(missions).toHaveLength(expected);
    for (const mission of missions) {
      const { status, stdout, stderr } = mled("export", "spec-kitty", mission.slug, "--store", ledger);
      expect(status, stderr).toBe(0);
      const original = readFileSync(path.join(mission.path, "status.events.jsonl"));
      expect(stdout.equals(original), `${mission.slug} came back different`).toBe(true);
    }
  });

  test.runIf(present)("are proven: digests, chain and views", () => {
    const { ok, data, error } = mledJson("verify", "--store", ledger);
    expect(error).toBeNull();
    expect(ok).toBe(true);
    expect(data.missions).toHaveLength(expected);
    expect(data.digests.checked).toBeGreaterThan(0);
    expect(data.digests.equal).toBe(data.digests.checked);
    expect(data.chain.unbroken).toBe(true);
    expect(data.views.equal).toBe(data.views.compared);
  });

  test.runIf(present)("are not imported a second time", () => {
    const [first] = names as [string];
    const before = mledJson("verify", "--store", ledger).data.totals;
    mledJson("import", "spec-kitty", path.join(home, first), "--store", ledger);
    expect(mledJson("verify", "--store", ledger).data.totals).toEqual(before);
  });

  test.runIf(present)("can be moved on with ordinary commands", () => {
    const found = missions.flatMap(({ slug, workPackages }) =>
      Object.entries(workPackages).flatMap(([id, { lane }]) =>
        lane === "approved" ? [`${slug}/${id}`] : [],
      ),
    );
    const [ref] = found as [string];
    const moved = mledJson(
      "wp",
      "move",
      ref,
      "in_progress",
      "--reason",
      "a late finding",
      "--as",
      "ada",
      "--store",
      ledger,
    );
    expect(moved.error).toBeNull();
    expect(moved.data).toMatchObject({ from: "approved", to: "in_progress", readback: "verified" });
    const steps = [
      ["wp", "claim", ref, "--as", "ada"],
      ["wp", "move", ref, "for_review", "--as", "ada", "--evidence", "note=mended"],
      ["review", "start", ref, "--as", "bob"],
      ["review", "submit", ref, "--as", "bob", "--verdict", "approved"],
      ["wp", "move", ref, "done", "--as", "bob"],
    ];
    for (const step of steps) expect(mledJson(...step, "--store", ledger).error, step.join(" ")).toBeNull();
    const refused = mledJson("review", "start", ref, "--as", "ada", "--store", ledger);
    expect(refused.error?.code).toBeTypeOf("string");
    const [slug = ""] = ref.split("/");
    const { stdout } = mled("export", "spec-kitty", slug, "--store", ledger);
    const original = readFileSync(
      path.join(missions.find((mission) => mission.slug === slug)?.path ?? "", "status.events.jsonl"),
    );
    expect(stdout.length).toBeGreaterThan(original.length);
    expect(stdout.subarray(0, original.length).equals(original)).toBe(true);
    expect(mledJson("verify", "--store", ledger).ok).toBe(true);
  });
});
