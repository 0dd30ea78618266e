import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type EventStore, type FaultCode, openMemoryStore, StoreFault } from "@mission-ledger/core";
import { ledgerOver, type RefusalCode } from "@mission-ledger/core/mission";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commands, type Envelope, exitCodeOf, exitCodes, runCommand, runLedger } from "./cli.ts";
import { planned, scratch, session } from "./testing/session.ts";

const example: Readonly<Record<string, string>> = {
  ref: "p/WP01",
  lane: "blocked",
  slug: "p",
  mission: "p",
  title: "Title",
  text: "text",
  subtask: "T1",
  shell: "bash",
  folders: "nowhere",
};

/** Argv that gives a command everything it must have. */
const argvOf = ({ name, arguments: positional, flags }: (typeof commands)[number]): readonly string[] => [
  ...name.split("."),
  ...positional
    .filter(({ required }) => required)
    .map((field) => (field.kind === "moment" ? "0" : (example[field.name] ?? "x"))),
  ...flags
    .filter(({ required }) => required)
    .flatMap((field) => [`--${field.name}`, field.choices?.[0] ?? "because"]),
];

const needsLedger = commands.filter(
  ({ name }) =>
    ![
      "init",
      "where",
      "import.spec-kitty",
      "merge-driver",
      "hook.install",
      "hook.uninstall",
      "check-archive",
      "check-copies",
      "copy",
      "schema",
      "completion",
      "help",
    ].includes(name),
);

describe("every command", () => {
  test.each(needsLedger.map((spec) => [spec.name, spec] as const))(
    "%s says that there is no ledger, in one document",
    async (name, spec) => {
      const shell = session();
      const { code, envelope } = await shell.json(...argvOf(spec), "--ledger", "nowhere");
      expect(code).toBe(3);
      expect(envelope).toMatchObject({
        command: name,
        ok: false,
        data: null,
        error: { code: "LEDGER_NOT_FOUND", hint: "mled init --ledger nowhere" },
      });
      const human = await shell.run(...argvOf(spec));
      expect(human).toMatchObject({ code: 3, out: "" });
      expect(human.err).toMatch(/^LEDGER_NOT_FOUND: .*\n {2}mled init\n$/);
      expect(await shell.run(...argvOf(spec), "--missing-ok")).toMatchObject({ code: 0, out: "" });
    },
  );

  test.each(commands.map((spec) => [spec.name, spec] as const))(
    "%s refuses an unknown flag and too many words",
    async (name, spec) => {
      const shell = session();
      const { code, envelope } = await shell.json(...name.split("."), "--ledgr", "x");
      expect([code, envelope.ok, envelope.error?.code, envelope.command]).toEqual([2, false, "USAGE", name]);
      if (!spec.arguments.some(({ repeatable }) => repeatable))
        expect((await shell.json(...argvOf(spec), ...Array.from({ length: 5 }, () => "more"))).code).toBe(2);
      for (const field of spec.arguments.filter(({ required }) => required))
        expect((await shell.json(...name.split("."))).envelope.error?.message, field.name).toMatch(/missing/);
    },
  );

  test.each(commands.map((spec) => [spec.name] as const))(
    "%s has help, as text and as a document",
    async (name) => {
      const shell = session();
      const words = name.split(".");
      expect(await shell.run(...words, "--help")).toMatchObject({ code: 0, err: "" });
      expect((await shell.run("help", ...words)).out).toContain(`mled ${words.join(" ")}`);
      expect((await shell.json("help", ...words)).data.name).toBe(name);
      expect((await shell.json("schema", name)).data.command).toBe(name);
    },
  );

  test.each(needsLedger.map((spec) => [spec.name, spec] as const))(
    "%s prints one sound document on a ledger with work in it",
    async (_, spec) => {
      const shell = await planned();
      const extra = spec.name === "watch" ? ["--for", "1ms"] : [];
      const { code, envelope } = await shell.json(...argvOf(spec), ...extra);
      expect(Object.values(exitCodes)).toContain(code);
      expect(Object.keys(envelope)).toEqual(["schema", "command", "ok", "data", "warnings", "error"]);
      expect(envelope.ok).toBe(code === 0);
      expect(envelope.error === null).toBe(envelope.ok);
    },
  );
});

describe("a server that is not there", () => {
  const store = "esdb://ada:S3cr3t@127.0.0.1:1?tls=false";
  /** These are about log files, and say so without a question to any server. */
  const ofFiles: ReadonlySet<string> = new Set(["publish", "reconcile", "repair", "unlock"]);

  const moreFor: Readonly<Record<string, readonly string[]>> = {
    archive: ["--to", "p.jsonl.gz"],
    "review.check": ["--for", "p/WP01"],
    sync: ["file:elsewhere"],
  };

  test.each(needsLedger.map((spec) => [spec.name, spec] as const))(
    "ends %s with one document that says why, what to do, and no password",
    async (name, spec) => {
      const shell = session({ env: { MISSION_LEDGER_ACTOR: "tester", XDG_STATE_HOME: scratch() } });
      const extra = moreFor[name] ?? [];
      const argv = [...argvOf(spec), ...extra, "--store", store];
      // Both wait for a server, and may do so together.
      const [{ code, out, err }, human] = await Promise.all([
        shell.run(...argv, "--json"),
        shell.run(...argv),
      ]);
      expect(JSON.parse(out)).toMatchObject({
        command: name,
        ok: false,
        error: ofFiles.has(name)
          ? { code: "USAGE" }
          : { code: "STORE_UNAVAILABLE", hint: expect.stringMatching(/./) },
      });
      expect({ code, err }).toEqual({ code: ofFiles.has(name) ? 2 : 7, err: "" });
      // These tell what is wrong as what they found; the others were kept from what they were asked to do.
      if (name !== "doctor" && name !== "sync") expect(JSON.parse(out).error.outcome).toBe("not_written");
      expect(out).not.toContain("S3cr3t");
      expect(human.code).toBe(code);
      expect(human.err).toMatch(/^(?:USAGE|STORE_UNAVAILABLE): /);
      expect(human.out + human.err).not.toContain("S3cr3t");
    },
  );

  test.each([
    ["init"],
    ["copy", "file:.mission-ledger", store],
    ["copy", store, "file:elsewhere"],
    ["import", "spec-kitty", "kitty"],
  ])("ends %s the same way, and leaves nothing behind", async (...argv) => {
    const shell = await planned();
    mkdirSync(path.join(shell.directory, "kitty"));
    writeFileSync(path.join(shell.directory, "kitty", "status.events.jsonl"), "");
    const { code, envelope } = await shell.json(...argv, "--store", store);
    expect(code).toBe(7);
    expect(JSON.stringify(envelope)).toContain("STORE_UNAVAILABLE");
    expect(existsSync(path.join(shell.directory, "elsewhere"))).toBe(false);
  });
});

describe("the exit table", () => {
  const faults: Readonly<Record<FaultCode, number>> = {
    COMMAND_ID_REUSED: 6,
    COPY_DIVERGED: 8,
    DRIVER_MISSING: 7,
    DURABILITY_UNKNOWN: 8,
    FORK_DETECTED: 8,
    INTERNAL: 1,
    LIMIT_EXCEEDED: 6,
    LOCK_TIMEOUT: 7,
    LOG_CONFLICTED: 8,
    LOG_CORRUPT: 8,
    LOG_REPLACED: 8,
    PERMISSION_DENIED: 7,
    PROJECTION_FAILED: 1,
    READBACK_FAILED: 8,
    RESOURCES_EXHAUSTED: 7,
    STORAGE_ERROR: 7,
    STORAGE_FULL: 7,
    STORAGE_READ_ONLY: 7,
    STORE_CLOSED: 7,
    STORE_MISSING: 7,
    STORE_UNAVAILABLE: 7,
    STREAM_CLOSED: 7,
    TIMEOUT: 7,
    UNSAFE_FILE: 7,
    UNSUPPORTED_FORMAT: 8,
  };
  const refusals: Readonly<Record<RefusalCode, number>> = {
    ALREADY_EXISTS: 6,
    AMBIGUOUS_REF: 3,
    CANNOT_UNDO: 6,
    CLAIM_ALIVE: 5,
    CLAIM_HELD: 5,
    CLAIM_LOST: 5,
    GUARD_FAILED: 6,
    IMPORT_INCOMPLETE: 6,
    MISSION_ARCHIVED: 6,
    INVALID_INPUT: 2,
    NOT_FOUND: 3,
    REVIEW_CONTRADICTED: 26,
    SELF_REVIEW: 6,
    TRANSITION_REJECTED: 6,
  };

  test.each(
    Object.entries({
      ...faults,
      ...refusals,
      EMPTY: 9,
      INPUT_REQUIRED: 4,
      INTERRUPTED: 130,
      GIT_NAME_INVALID: 2,
      GIT_NO_REPOSITORY: 3,
      GIT_TIMEOUT: 7,
      PROJECTION_DRIFT: 8,
      IMPORT_MISMATCH: 8,
      NEVER_HEARD_OF: 1,
    }),
  )("%s ends with %i", (code, exit) => {
    expect(exitCodeOf(code)).toBe(exit);
  });

  test.each(Object.keys(faults) as FaultCode[])(
    "a store that fails with %s ends so, and an unknown outcome says what to run",
    async (code) => {
      const inner = openMemoryStore();
      let failing = false;
      const store: EventStore = {
        ...inner,
        append: async (request) => {
          if (failing) throw new StoreFault(code, "injected", { outcome: "unknown", retryable: true });
          return inner.append(request);
        },
      };
      const ledger = ledgerOver({ store, actor: "tester" });
      const run = (name: string, input: Record<string, unknown>) =>
        runCommand(name, input, { cwd: ".", ledger: () => ledger, actor: "tester" });
      await run("mission.create", { slug: "p", title: "it's" });
      failing = true;
      const { exit, envelope } = await run("wp.add", {
        mission: "p",
        title: "it's",
        id: "WP01",
        subtask: ["T1 one"],
      });
      expect(exit).toBe(faults[code]);
      expect(envelope.error).toMatchObject({
        code,
        outcome: "unknown",
        details: { commandId: expect.any(String) },
      });
      const { commandId, run: words } = (envelope.error?.details ?? {}) as Record<string, string>;
      expect(words).toBe(`mled wp add p 'it'\\''s' --id WP01 --subtask 'T1 one' --request-id ${commandId}`);
      expect(envelope.error?.hint).toContain(words);
    },
  );
});

describe("wrong usage", () => {
  test.each([
    [["wp", "mve", "p/WP01", "done"], "Did you mean mled wp move?"],
    [["claim"], "Did you mean mled wp claim?"],
    [["show", "p/WP01"], "Did you mean mled mission show or mled wp show?"],
    [["wp"], "One of: add, "],
    [["bord"], "Did you mean mled board?"],
    [["wp", "move", "p/WP01", "in_progres"], "Did you mean in_progress?"],
    [["wp", "list", "--lane", "genesis"], null],
    [["wp", "claim", "p/WP01", "--lease", "soon"], null],
    [["wp", "claim", "p/WP01", "--as", "a", "--as", "b"], null],
    [["wp", "move", "p/WP01", "done", "--evidence", "because"], null],
    [["wp", "show", "p/"], null],
    [["review", "submit", "p/WP01", "--verdict", "maybe"], null],
    [["wp", "list", "--jso"], "Did you mean --json?"],
    [["--json"], "mled help"],
    [["where", "--store", "esdb:x"], null],
    [["where", "--ledger", "a", "--store", "file:b"], null],
  ] as const)("%j", async (argv, hint) => {
    const shell = await planned();
    const { code, envelope } = await shell.json(...argv);
    expect(code).toBe(2);
    expect(envelope.error).toMatchObject({
      code: "USAGE",
      ...(hint === null ? {} : { hint: expect.stringContaining(hint) }),
    });
  });

  test("nobody acts unless somebody says who", async () => {
    const shell = session({ env: { PATH: "", HOME: "/nonexistent" } });
    await shell.run("init");
    expect(await shell.json("mission", "create", "p", "T")).toMatchObject({
      code: 4,
      envelope: { error: { code: "INPUT_REQUIRED", details: { missing: "--as" } } },
    });
    expect((await shell.run("mission", "create", "p", "T", "--as", "me")).code).toBe(0);
  });

  test("arguments at random end in the table, with one document and no trace of a stack", async () => {
    const shell = await planned();
    const words = [
      "wp",
      "move",
      "mission",
      "log",
      "--json",
      "--jsonl",
      "--",
      "-",
      "--as",
      "-C",
      "--ledger",
      "p/WP01",
      "done",
      "--limit",
      "0",
      "",
      "--reason=",
      "\u0000",
      "../..",
      "--lane",
      "constructor",
      "__proto__",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 8 })), { maxLength: 6 }),
        async (argv) => {
          if (argv.includes("watch")) return;
          const { code, out, err } = await shell.run(...argv);
          expect(Object.values(exitCodes)).toContain(code);
          expect(out + err).not.toMatch(/\n\s+at .*:\d+:\d+/);
          expect(code).not.toBe(1);
          const end = argv.indexOf("--");
          if ((end < 0 ? argv : argv.slice(0, end)).includes("--json") && !argv.includes("--jsonl"))
            JSON.parse(out) as Envelope;
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("the place of a ledger", () => {
  test("is what the command line says, then the environment, then git, then a folder above", async () => {
    const shell = session();
    mkdirSync(path.join(shell.directory, "sub"));
    expect((await shell.json("where")).data).toMatchObject({ decidedBy: "folder", exists: false });
    await shell.run("init");
    expect((await shell.json("where", "-C", "sub")).data).toMatchObject({
      directory: path.join(shell.directory, ".mission-ledger"),
      exists: true,
    });
    const world = shell.io({ env: { MISSION_LEDGER_STORE: "file:./other" } });
    await runLedger(["where", "--json"], world);
    expect(JSON.parse(world.text().out).data).toMatchObject({
      decidedBy: "MISSION_LEDGER_STORE",
      directory: path.join(shell.directory, "other"),
      exists: false,
    });
    for (const folder of [".git/objects", ".git/refs"])
      mkdirSync(path.join(shell.directory, folder), { recursive: true });
    writeFileSync(path.join(shell.directory, ".git/HEAD"), "ref: refs/heads/main\n");
    expect((await shell.json("where", "-C", "sub")).data).toMatchObject({
      decidedBy: "git",
      directory: path.join(shell.directory, ".git/mission-ledger"),
    });
    expect((await shell.json("where", "--ledger", "plan")).data).toMatchObject({
      decidedBy: "--ledger",
      directory: path.join(shell.directory, "plan"),
    });
  });

  test("a folder that is no ledger is never taken for an empty one", async () => {
    const shell = session();
    mkdirSync(path.join(shell.directory, "docs"));
    expect((await shell.run("mission", "create", "p", "T", "--ledger", "docs")).code).toBe(3);
    expect((await shell.run("init", "--ledger", "docs/plan", "--dry-run")).out).toContain("would create");
    expect((await shell.run("init", "--ledger", "docs/plan")).code).toBe(0);
    expect((await shell.run("mission", "create", "p", "T", "--ledger", "docs/plan")).code).toBe(0);
  });
});

describe("what is proposed", () => {
  test("works as it stands: with the place of the ledger, quoted for a shell", async () => {
    const shell = session();
    const name = "001; touch owned";
    mkdirSync(path.join(shell.directory, name));
    const row = {
      actor: "a",
      at: "2026-01-01T00:00:00+00:00",
      event_id: "01AAAAAAAAAAAAAAAAAAAAAAAA",
      force: false,
      from_lane: "planned",
      evidence: null,
      execution_mode: "worktree",
      feature_slug: "001",
      reason: null,
      review_ref: null,
      to_lane: "claimed",
      wp_id: "WP01",
    };
    writeFileSync(path.join(shell.directory, name, "status.events.jsonl"), `${JSON.stringify(row)}\n`);
    await shell.run("import", "spec-kitty", name, "--ledger", "my plan");
    const { out } = await shell.run("doctor", "--ledger", "my plan");
    expect(out).toContain(`mled wp claim '${name}/WP01' --ledger 'my plan'`);
    await shell.run("wp", "claim", `${name}/WP01`, "--lease", "5m", "--ledger", "my plan");
    const held = await shell.run("wp", "claim", `${name}/WP01`, "--as", "b", "--ledger", "my plan");
    expect(held.err).toContain(`later: mled wp recover '${name}/WP01' --reason "…" --ledger 'my plan'`);
    shell.pass(6 * 60_000);
    expect(
      (await shell.run("wp", "claim", `${name}/WP01`, "--as", "b", "--ledger", "my plan")).err,
    ).toContain("its lease is over: mled wp recover");
  });

  test("a place that cannot hold a ledger is refused at once", async () => {
    const shell = session();
    expect((await shell.run("init", "--ledger", "/proc/nowhere/plan")).code).toBe(2);
    writeFileSync(path.join(shell.directory, "file"), "");
    expect((await shell.run("init", "--ledger", "file")).code).toBe(2);
  });
});
