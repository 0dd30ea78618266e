/** A ledger on a server, through the commands: the same answers as on files, and what is said of what does not apply to it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { LedgerError } from "@mission-ledger/core";
import { makeCertificates, startWireServer, type WireServer } from "@mission-ledger/wire-server";
import { describe, expect, onTestFinished, test } from "vitest";
import { runLedger } from "./cli.ts";
import { openLedger } from "./index.ts";
import { planned, scratch, session } from "./testing/session.ts";

const started = async (): Promise<WireServer> => {
  const server = await startWireServer();
  onTestFinished(() => server.stop());
  return server;
};

/** A user of the server with a cache folder of their own. */
const userOf = ({ url }: Pick<WireServer, "url">, cache = scratch()) => ({
  env: { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: url, XDG_CACHE_HOME: cache },
});

interface Entry {
  readonly revision: number;
  readonly type: string;
  readonly actor: string;
  readonly text: string;
}

/** What differs from ledger to ledger whatever the store: ids, digests. */
const told = (text: string): string =>
  text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{64}\b/g, "…");

describe("every command on a server", () => {
  test("says the same as on files", async () => {
    const files = await planned();
    const server = await planned(userOf(await started()));
    const steps = [
      ["wp", "claim", "p/WP01", "--as", "ada"],
      ["wp", "claim", "p/WP01", "--as", "bob"],
      ["wp", "move", "p/WP01", "in_progress", "--as", "ada"],
      ["wp", "move", "p/WP01", "done", "--as", "ada"],
      ["wp", "move", "p/WP01", "for_review", "--as", "ada", "--evidence", "commit=9c1f2ab"],
      ["review", "start", "p/WP01", "--as", "ada"],
      ["review", "start", "p/WP01", "--as", "bob"],
      ["review", "submit", "p/WP01", "--as", "bob", "--verdict", "approved"],
      ["wp", "subtask", "p/WP03", "T1", "--dry-run"],
      ["wp", "list", "p"],
      ["ready", "--why"],
      ["next"],
      ["board", "p"],
      ["wp", "show", "p/WP01"],
      ["mission", "show", "p"],
      ["mission", "list"],
      ["diff", "p", "2", "9"],
      ["explain", "p/WP01", "lane"],
      ["board", "p", "--at", "4"],
      ["rebuild"],
      ["rebuild", "--verify"],
      ["verify"],
      ["doctor"],
      ["log", "nope"],
      ["wp", "show", "p/WP09"],
    ];
    for (const step of steps) {
      const [one, other] = [await files.run(...step), await server.run(...step)];
      if (step[0] !== "doctor") expect(told(other.out), step.join(" ")).toBe(told(one.out));
      else expect(other.out).toContain(one.out);
      expect({ code: other.code, err: told(other.err) }, step.join(" ")).toEqual({
        code: one.code,
        err: told(one.err),
      });
    }
    const [one, other] = [(await files.json("log", "p")).data, (await server.json("log", "p")).data];
    expect(other.events.length).toBeGreaterThan(10);
    const what = ({ revision, type, actor, text }: Entry) => ({ revision, type, actor, text });
    expect(other.events.map(what)).toEqual(one.events.map(what));
  });

  test("takes its own positions, and refuses those of another store", async () => {
    const shell = await planned(userOf(await started()));
    const { events } = (await shell.json("log", "p")).data;
    const own = events[3].position as string;
    expect((await shell.json("board", "p", "--at", own)).data.at).toMatchObject({ revision: 3 });
    expect((await shell.json("log", "--cursor", own)).data.events[0]).toMatchObject({ revision: 4 });
    for (const position of ["position:x", "0000000000000002:mission-p:000"])
      expect(await shell.json("board", "p", "--at", position), position).toMatchObject({
        code: 2,
        envelope: { error: { code: "USAGE" } },
      });
  });

  test("watches from now on without reading what there is", async () => {
    const server = await started();
    const shell = await planned(userOf(server));
    const before = server.calls().get("Streams/Read") ?? 0;
    const { store } = (await openLedger({ store: server.url, actor: "a" })).engine;
    const end = (await store.end?.()) as string;
    expect((server.calls().get("Streams/Read") ?? 0) - before).toBe(1);
    await shell.run("wp", "note", "p/WP01", "new");
    const seen: string[] = [];
    for await (const batch of store.readAll({ after: end })) seen.push(...batch.map(({ type }) => type));
    expect(seen).toEqual(["NoteAdded"]);
    await store.close();
    const watched = await shell.json("watch", "--after", end, "--limit", "1");
    expect(watched.data.events).toMatchObject([{ revision: 7 }]);
    expect((await shell.json("watch", "--for", "1ms")).data).toMatchObject({ events: [] });
  });

  test("repeats under its request id what was done, and refuses another command under it", async () => {
    const shell = await planned(userOf(await started()));
    const again = ["wp", "claim", "p/WP01", "--request-id", "5c3a1f60-0000-4000-8000-000000000001"];
    const first = (await shell.json(...again)).data;
    expect((await shell.json(...again)).data).toMatchObject({
      revision: first.revision,
      fence: first.fence,
    });
    const other = ["wp", "note", "p/WP01", "text", "--request-id", "5c3a1f60-0000-4000-8000-000000000001"];
    expect(await shell.json(...other)).toMatchObject({
      code: 6,
      envelope: { error: { code: "COMMAND_ID_REUSED" } },
    });
  });

  test("that is about log files says so, and changes nothing", async () => {
    const server = await started();
    const shell = await planned(userOf(server));
    const before = server.events().length;
    for (const [argv, words] of [
      [["unlock", "p"], "nothing to unlock"],
      [["unlock", "--switch", "generation"], "nothing to unlock"],
      [["repair"], "repair mends log files"],
      [["repair", "p", "--accept-loss"], "repair mends log files"],
      [["reconcile"], "it has no forks"],
      [["reconcile", "p", "--winner", "local"], "it has no forks"],
      [["publish"], "everybody reads the server itself"],
      [["init", "--git"], "MISSION_LEDGER_STORE decides"],
      [["archive", "p"], "--to is needed"],
    ] as const) {
      const { code, envelope } = await shell.json(...argv);
      expect(code, argv.join(" ")).toBe(2);
      expect(envelope.error).toMatchObject({ code: "USAGE", message: expect.stringContaining(words) });
    }
    expect(server.events()).toHaveLength(before);
    expect(readdirSync(shell.directory)).toEqual([]);
  });
});

describe("the place of a ledger on a server", () => {
  test("is asked by init, which makes nothing, and not by where", async () => {
    const server = await started();
    const shell = session(userOf(server));
    expect((await shell.json("where")).data).toMatchObject({
      store: "eventstoredb",
      path: null,
      address: server.url,
      exists: null,
      cache: expect.stringContaining("127.0.0.1"),
    });
    expect((await shell.json("init", "--dry-run")).data).toMatchObject({
      created: false,
      wouldCreate: false,
    });
    expect(server.calls().size).toBe(0);
    expect((await shell.json("init")).data).toMatchObject({ created: false, missions: 0 });
    expect(server.calls().size).toBeGreaterThan(0);
    expect(server.events()).toEqual([]);
    expect((await shell.run("init")).out).toContain("answers, with 0 missions");
  });

  test("is one of several on one server, told apart by name", async () => {
    const { url } = await started();
    const [one, other] = ["one", "other"].map((name) => `${url}&ledger=${name}`) as [string, string];
    const shell = session({ env: { MISSION_LEDGER_ACTOR: "a" } });
    await shell.run("mission", "create", "p", "First", "--store", one);
    await shell.run("mission", "create", "q", "Second", "--store", other);
    for (const [store, slug] of [
      [one, "p"],
      [other, "q"],
      [url, undefined],
    ] as const)
      expect(
        (await shell.json("mission", "list", "--store", store)).data.missions.map(
          (mission: { slug: string }) => mission.slug,
        ),
      ).toEqual(slug === undefined ? [] : [slug]);
  });

  test.each([
    ["tls=maybe", "tls takes true or false"],
    ["ledger=a-b", "ledger takes"],
    ["colour=blue", "nobody knows the setting colour"],
  ])("with %s is wrong usage", async (settings, problem) => {
    const shell = session();
    const store = `esdb://ada:S3cr3t@127.0.0.1:1?${settings}`;
    const { code, envelope } = await shell.json("board", "--store", store);
    expect(code).toBe(2);
    expect(envelope.error).toMatchObject({ code: "USAGE", message: expect.stringContaining(problem) });
    await expect(openLedger({ store, actor: "a" })).rejects.toMatchObject({ code: "USAGE" });
    expect(JSON.stringify(envelope)).not.toContain("S3cr3t");
  });
});

describe("what a machine remembers of a server", () => {
  const busy = async (server: WireServer, cache?: string) => {
    const shell = await planned(userOf(server, cache));
    for (let index = 0; index < 40; index += 1) await shell.run("wp", "note", "p/WP01", `note ${index}`);
    await shell.run("board", "p");
    return shell;
  };

  test("spares a command what lies before it, and is believed only where the server bears it out", async () => {
    const server = await started();
    const cache = scratch();
    await busy(server, cache);
    const folder = path.join(cache, "mission-ledger", "servers");
    expect(readdirSync(folder)).toEqual([encodeURIComponent(`127.0.0.1:${server.port}`)]);
    const reads = async (user: ReturnType<typeof userOf>): Promise<number> => {
      const before = server.calls().get("Streams/Read") ?? 0;
      expect(await session(user).json("wp", "note", "p/WP01", "text")).toMatchObject({ code: 0 });
      return (server.calls().get("Streams/Read") ?? 0) - before;
    };
    expect(await reads(userOf(server, cache))).toBeLessThanOrEqual(await reads(userOf(server)));
    // Whoever remembers does not read that event again; whoever does not, meets it.
    server.tamper("mission-p", 1n, { metadata: new TextEncoder().encode("{}") });
    expect((await session(userOf(server, cache)).run("wp", "note", "p/WP01", "text")).code).toBe(0);
    for (const view of [["board", "p"], ["ready"], ["mission", "list"], ["wp", "list", "p"]]) {
      const { code, envelope } = await session(userOf(server, cache)).json(...view);
      expect({ code, warnings: envelope.warnings }, view.join(" ")).toEqual({ code: 0, warnings: [] });
    }
    expect(await session(userOf(server)).json("wp", "note", "p/WP01", "text")).toMatchObject({
      code: 8,
      envelope: { error: { code: expect.stringMatching(/^LOG_/) } },
    });
  });

  test("tells of a server that was emptied, and keeps anybody from beginning anew on top", async () => {
    const first = await startWireServer();
    const { port } = first;
    const shell = await busy(first);
    await first.stop();
    const second = await startWireServer({ port });
    onTestFinished(() => second.stop());
    const { code, envelope } = await shell.json("mission", "create", "p", "Passkeys");
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({ code: "LOG_REPLACED", outcome: "not_written" });
    expect(envelope.error?.hint).toContain("delete");
    expect(second.events("mission-p")).toEqual([]);
    expect((await shell.json("mission", "create", "q", "Another")).code).toBe(0);
  });

  test("is nothing without a home, and commands go on", async () => {
    const { url } = await started();
    const env = { MISSION_LEDGER_ACTOR: "a", MISSION_LEDGER_STORE: url };
    const shell = await planned({ env });
    expect((await shell.json("where")).data.cache).toBe(null);
    expect((await shell.run("rebuild")).code).toBe(0);
    expect((await shell.run("board", "p")).code).toBe(0);
    expect(readdirSync(shell.directory)).toEqual([]);
  });
});

describe("damage on a server", () => {
  test("is found by verify and doctor with what to look at there, and hides no other mission", async () => {
    const server = await started();
    const shell = await planned(userOf(server));
    await shell.run("mission", "create", "q", "Another");
    server.tamper("mission-p", 2n, { metadata: new TextEncoder().encode("{}") });
    for (const command of ["verify", "doctor"]) {
      const { code, envelope } = await shell.json(command);
      expect(code, command).toBe(8);
      expect(envelope.error?.hint).toContain("on the server");
      expect(envelope.error?.hint).not.toContain("repair");
    }
    const { problems } = (await shell.json("verify")).data;
    expect(problems[0]).toMatchObject({ stream: "mission-p", revision: 2 });
    const found = await shell.json("doctor");
    expect(found.data).toMatchObject({
      connection: expect.arrayContaining([expect.objectContaining({ name: "quorum", ok: true })]),
      missions: 2,
      events: 1,
      findings: [{ severity: "damage", kind: "LOG_CORRUPT", mission: "p", command: null }],
    });
    const list = await shell.json("mission", "list");
    expect(list.code).toBe(0);
    expect(list.data.missions.map((mission: { slug: string }) => mission.slug)).toContain("q");
    const { err } = await shell.run("wp", "claim", "p/WP01");
    expect(err).not.toContain("mled repair");
  });
});

describe("a copy", () => {
  test("takes a ledger from files to a server and back, equal at each step, and goes on with what came since", async () => {
    const { url } = await started();
    const shell = await planned();
    const there = await shell.json("copy", "file:.mission-ledger", url);
    expect(there).toMatchObject({ code: 0, data: { equal: true, totals: { missions: 1 } } });
    await shell.run("wp", "note", "p/WP01", "later");
    expect((await shell.json("copy", "file:.mission-ledger", url)).data).toMatchObject({
      equal: true,
      copied: { events: 1 },
    });
    const back = await shell.json("copy", url, "file:back");
    expect(back).toMatchObject({ code: 0, data: { equal: true, totals: { missions: 1 } } });
    const logOf = async (ledger: string) =>
      (await shell.json("log", "p", "--store", ledger)).data.events.map(
        ({ position: _, ...event }: Entry & { position: string }) => event,
      );
    expect(await logOf("file:back")).toEqual(await logOf("file:.mission-ledger"));
    expect(await shell.json("copy", url, url.replace("esdb", "kurrentdb"))).toMatchObject({
      code: 2,
      envelope: { error: { message: "from and to are the same ledger" } },
    });
  });

  test("into a ledger that went on differently is refused, and nothing is written there", async () => {
    const server = await started();
    const other = await planned(userOf(server));
    await other.run("wp", "note", "p/WP01", "here alone");
    const before = server.events().length;
    const shell = await planned();
    await shell.run("wp", "note", "p/WP02", "there alone");
    const { code, envelope } = await shell.json("copy", "file:.mission-ledger", server.url);
    expect(code).toBe(8);
    expect(envelope.error?.code).toBe("COPY_DIVERGED");
    expect(server.events()).toHaveLength(before);
  });
});

test("a password is written nowhere on this machine, by commands, copies and syncs", async () => {
  const tls = makeCertificates();
  const shell = await planned();
  const ca = path.join(shell.directory, "ca.pem");
  writeFileSync(ca, tls.ca);
  const server = await startWireServer({ tls, accounts: { ada: { password: "S3cr3t" } } });
  onTestFinished(() => server.stop());
  const store = `esdb://ada:S3cr3t@localhost:${server.port}?tlsCAFile=${encodeURIComponent(ca)}`;
  const env = { MISSION_LEDGER_ACTOR: "a", XDG_CACHE_HOME: path.join(shell.directory, "cache") };
  for (const argv of [
    ["copy", "file:.mission-ledger", store],
    ["wp", "note", "p/WP01", "here", "--sync-to", store],
    ["sync", store],
    ["rebuild", "--store", store],
    ["board", "p", "--store", store],
    ["copy", store, "file:back"],
  ]) {
    const world = shell.io({ env });
    expect(await runLedger([...argv, "--json"], world), argv.join(" ")).toBe(0);
    expect(world.text().out + world.text().err).not.toContain("S3cr3t");
  }
  const files = readdirSync(shell.directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(files.some(({ parentPath }) => parentPath.includes("servers"))).toBe(true);
  for (const { parentPath, name } of files) {
    expect(path.join(parentPath, name)).not.toContain("S3cr3t");
    expect(readFileSync(path.join(parentPath, name), "utf8"), name).not.toContain("S3cr3t");
  }
});

test("a mission is archived to a file from a server, and brought back to another one", async () => {
  const shell = session(userOf(await started()));
  await shell.run("mission", "create", "p", "Passkeys");
  await shell.run("wp", "add", "p", "Only", "--id", "WP01");
  await shell.run("wp", "move", "p/WP01", "canceled", "--reason", "not needed");
  const { envelope } = await shell.json("archive", "p");
  expect(envelope.error?.hint).toMatch(/mled archive p --to p\.jsonl\.gz$/);
  const made = await shell.json("archive", "p", "--to", "p.jsonl.gz");
  expect(made).toMatchObject({ code: 0, data: { archived: true } });
  expect(existsSync(path.join(shell.directory, "p.jsonl.gz"))).toBe(true);
  expect((await shell.json("check-archive", "p.jsonl.gz")).data.sound).toBe(true);
  const { url } = await started();
  const restored = await shell.json("restore", path.join(shell.directory, "p.jsonl.gz"), "--store", url);
  expect(restored).toMatchObject({ code: 0 });
  expect((await shell.json("mission", "show", "p", "--store", url)).code).toBe(0);
});

test("a program opens a ledger by the address of a server, and another one finds it there", async () => {
  const { url } = await started();
  const options = { store: url, actor: "ada" };
  const ledger = await openLedger(options);
  const mission = await ledger.createMission({ slug: "p", title: "Passkeys" });
  await mission.addWorkPackage({ id: "WP01", title: "One" });
  const claim = await mission.workPackage("WP01").claim({ renew: false });
  expect(claim.receipt.readback).toBe("verified");
  await ledger.close();
  const later = await openLedger(options);
  const refused = await later
    .mission("p")
    .workPackage("WP01")
    .claim({ actor: "bob" })
    .catch((error) => error);
  expect(LedgerError.is(refused, "CLAIM_HELD")).toBe(true);
  await later.close();
});
