/** What is brought to another store after a command and by `mled sync`, and what comes of it when that store does not play along. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { commands } from "../commands/index.ts";
import { lineOf, preparedFor } from "../testing/samples.ts";
import { planned, type Session, session } from "../testing/session.ts";
import { isFollowedBySync } from "./final-sync.ts";

const actor = { MISSION_LEDGER_ACTOR: "tester" };
/** With time enough for a machine that is busy with other tests. */
const syncing = (to: string, more: Readonly<Record<string, string>> = {}) => ({
  env: { ...actor, MISSION_LEDGER_SYNC_TO: to, MISSION_LEDGER_SYNC_WITHIN: "1m", ...more },
});

const patient = { env: { ...actor, MISSION_LEDGER_SYNC_WITHIN: "1m" } };

const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return `esdb://127.0.0.1:${port}?tls=false`;
};

/** Nothing listens there: a port that is given to nobody who asks for any. */
const deadServer = "esdb://127.0.0.1:1?tls=false";

/** Takes connections and never says a word. */
const silentServer = async (): Promise<string> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listening(server);
};

const logOf = async (shell: Session, ...place: readonly string[]): Promise<readonly unknown[]> => {
  const { data } = await shell.json("log", "p", "--limit", "500", ...place);
  return data.events.map(({ position: _, ...event }: { position: unknown }) => event);
};

describe.skipIf(!inject("sqlite"))("after a command that wrote", () => {
  test("what it wrote stands in the other store, with ids and digests, and so does what was there before", async () => {
    const shell = await planned(patient);
    const { code, envelope } = await shell.json("wp", "claim", "p/WP01", "--sync-to", "sqlite:there.db");
    expect([code, envelope.ok, envelope.warnings]).toEqual([0, true, []]);
    expect(envelope.sync).toMatchObject({ complete: true, equal: 1, events: 9, diagnostics: [] });
    expect(envelope.sync?.to).toMatch(/^sqlite:.*there\.db$/);
    expect(await logOf(shell, "--store", "sqlite:there.db")).toEqual(await logOf(shell));
  });

  test("the environment may ask for it, for every command at once", async () => {
    const shell = await planned(syncing("sqlite:there.db"));
    expect(await logOf(shell, "--store", "sqlite:there.db")).toEqual(await logOf(shell));
    expect((await shell.json("wp", "note", "p/WP01", "more")).envelope.sync).toMatchObject({ events: 1 });
  });

  test("a store in a folder with a long name is remembered like any other", async () => {
    const folder = Array.from({ length: 4 }, () => "long".repeat(20)).join("/");
    const shell = await planned(syncing(`file:${folder}`));
    for (const text of ["one", "two"])
      expect((await shell.json("wp", "note", "p/WP01", text)).envelope).toMatchObject({
        warnings: [],
        sync: { complete: true, equal: 1, events: 1 },
      });
  });

  test("nothing is said to people where it went well", async () => {
    const shell = await planned(syncing("sqlite:there.db"));
    expect(await shell.run("wp", "note", "p/WP01", "more")).toMatchObject({ code: 0, err: "" });
  });

  test("a command that reads, one that only looks and one that is refused bring nothing", async () => {
    const shell = await planned(patient);
    for (const argv of [
      ["board", "p"],
      ["wp", "claim", "p/WP01", "--dry-run"],
      ["wp", "move", "p/WP01", "done"],
    ]) {
      const { envelope } = await shell.json(...argv, "--sync-to", "sqlite:there.db");
      expect(Object.keys(envelope)).not.toContain("sync");
    }
    expect((await shell.json("board", "--store", "sqlite:there.db")).code).toBe(3);
  });

  test("an address that is none is refused before anything is written", async () => {
    const shell = await planned(patient);
    const { code, envelope } = await shell.json("wp", "note", "p/WP01", "x", "--sync-to", "nowhere");
    expect([code, envelope.error?.code]).toEqual([2, "USAGE"]);
    expect(envelope.error?.message).toMatch(/^--sync-to: /);
    expect(await logOf(shell)).toHaveLength(7);
  });

  test("the ledger itself is no other store", async () => {
    const shell = await planned(syncing("file:.mission-ledger"));
    const { code, envelope } = await shell.json("wp", "note", "p/WP01", "x");
    expect([code, envelope.ok]).toEqual([0, true]);
    expect(envelope.sync).toMatchObject({ complete: false, diagnostics: [{ code: "USAGE", fatal: false }] });
  });

  test("a mission that was written to elsewhere is named and left as it is", async () => {
    const shell = await planned(syncing("sqlite:there.db"));
    await shell.run(
      "wp",
      "note",
      "p/WP01",
      "there",
      "--store",
      "sqlite:there.db",
      "--sync-to",
      "sqlite:else.db",
    );
    const { code, envelope } = await shell.json("wp", "note", "p/WP01", "here");
    expect([code, envelope.ok]).toEqual([0, true]);
    expect(envelope.warnings).toEqual([
      expect.stringMatching(/^COPY_DIVERGED: .*mission-p .*next: mled sync$/),
    ]);
    expect(envelope.sync).toMatchObject({ complete: false, events: 0 });
    expect((await logOf(shell, "--store", "sqlite:there.db")).length).toBe(8);
  });

  test("trouble with twenty missions is told once, with a count", async () => {
    const shell = session(patient);
    for (const store of ["sqlite:here.db", "sqlite:there.db"]) {
      await shell.run("init", "--store", store);
      for (let number = 1; number <= 20; number += 1)
        await shell.run("mission", "create", `m${number}`, `In ${store}`, "--store", store);
    }
    const written = ["mission", "create", "one-more", "One more", "--store", "sqlite:here.db"];
    const { code, out, err } = await shell.run(...written, "--sync-to", "sqlite:there.db");
    expect([code, out.includes("read back")]).toEqual([0, true]);
    expect(err.match(/warning: /g)).toHaveLength(1);
    expect(err).toMatch(
      /^warning: COPY_DIVERGED: .*\(20 times\); next: mled sync sqlite:\/.*there\.db --store sqlite:here\.db\n$/,
    );
    const { envelope } = await shell.json(
      "wp",
      "add",
      "one-more",
      "A package",
      "--store",
      "sqlite:here.db",
      "--sync-to",
      "sqlite:there.db",
    );
    expect(envelope).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining("(20 times)")],
      sync: { complete: false, equal: 1, diagnostics: [{ code: "COPY_DIVERGED", count: 20, fatal: false }] },
    });
  });

  test("trouble of several kinds is told once for each, with a count, and none is lost", async () => {
    const shell = await planned(patient);
    for (const slug of ["x1", "x2", "ok"]) await shell.run("mission", "create", slug, "Here");
    await shell.run("sync", "file:there");
    for (const slug of ["d1", "d2", "d3"])
      for (const place of [[], ["--store", "file:there"]])
        await shell.run("mission", "create", slug, `In ${place.length}`, ...place);
    for (const slug of ["x1", "x2"]) {
      const log = path.join(shell.directory, "there", "log", `mission-${slug}.jsonl`);
      writeFileSync(log, readFileSync(log, "utf8").replace("Here", "Heir"));
      await shell.run("wp", "add", slug, "More");
    }
    await shell.run("wp", "add", "ok", "More");
    const written = ["wp", "note", "p/WP01", "x", "--sync-to", "file:there"];
    const { code, envelope } = await shell.json(...written);
    expect([code, envelope.ok, envelope.error]).toEqual([0, true, null]);
    expect(envelope.sync?.complete).toBe(false);
    const told = envelope.sync?.diagnostics.map(({ code, count, fatal }) => ({ code, count, fatal }));
    expect(told).toHaveLength(2);
    expect(told).toContainEqual({ code: "COPY_DIVERGED", count: 3, fatal: false });
    expect(told).toContainEqual({ code: "LOG_CORRUPT", count: 2, fatal: false });
    expect(envelope.warnings).toHaveLength(2);
    const { out, err } = await shell.run(...written);
    expect(out).toContain("read back");
    expect(err.match(/^warning: /gm)).toHaveLength(2);
    expect(err).toMatch(/COPY_DIVERGED: .*\(3 times\)/);
    expect(err).toMatch(/LOG_CORRUPT: .*\(2 times\)/);
    expect(await logOf(shell, "--store", "file:there")).toEqual(await logOf(shell));
  });

  test("a host's own ledger is brought as well", async () => {
    const { openLedger } = await import("../library/open-ledger.ts");
    const { runCommand } = await import("../run/run-command.ts");
    const shell = await planned(patient);
    const ledger = await openLedger({
      directory: path.join(shell.directory, ".mission-ledger"),
      actor: "host",
    });
    onTestFinished(() => ledger.close());
    const { exit, envelope } = await runCommand(
      "wp.note",
      { ref: "p/WP01", text: "from a host" },
      { cwd: shell.directory, ...syncing("sqlite:there.db"), ledger: () => ledger },
    );
    expect([exit, envelope.sync]).toMatchObject([0, { complete: true, equal: 1 }]);
  });
});

describe.skipIf(!inject("sqlite"))("a server that is down", () => {
  test("is a warning for people, on stderr, with the result on stdout", async () => {
    const shell = await planned(syncing(deadServer));
    const { code, out, err } = await shell.run("wp", "claim", "p/WP01");
    expect(code).toBe(0);
    expect(out).toContain("read back");
    expect(err).toMatch(/^warning: STORE_UNAVAILABLE: not all was brought to esdb:.*; next: mled sync\n$/);
  });

  test("is a diagnostic in the document, told once", async () => {
    const shell = await planned(syncing(deadServer));
    const { code, envelope } = await shell.json("wp", "claim", "p/WP01");
    expect([code, envelope.ok, envelope.error]).toEqual([0, true, null]);
    expect(envelope.sync?.diagnostics).toMatchObject([
      { code: "STORE_UNAVAILABLE", phase: "comparing", count: 1, fatal: false },
    ]);
    expect(envelope.warnings).toHaveLength(1);
  });

  test("gets all that it missed by the next command after it is back", async () => {
    const shell = await planned(patient);
    const file = path.join(shell.directory, "there.db");
    mkdirSync(file);
    for (const text of ["one", "two"]) {
      const { code, envelope } = await shell.json(
        "wp",
        "note",
        "p/WP01",
        text,
        "--sync-to",
        "sqlite:there.db",
      );
      expect([code, envelope.sync?.complete]).toEqual([0, false]);
    }
    await shell.run("mission", "create", "q", "Another one");
    rmSync(file, { recursive: true });
    const { envelope } = await shell.json("wp", "note", "p/WP01", "three", "--sync-to", "sqlite:there.db");
    expect(envelope.sync).toMatchObject({ complete: true, equal: 2, events: 11, diagnostics: [] });
  });

  test("shows no password, wherever an address is quoted", async () => {
    const shell = await planned(syncing(deadServer.replace("//", "//ada:s3cret@")));
    const { out } = await shell.run("wp", "note", "p/WP01", "x", "--json");
    const { err } = await shell.run("wp", "note", "p/WP01", "y");
    expect(JSON.parse(out).sync.to).toContain("ada:***@");
    expect(out + err).not.toContain("s3cret");
  });
});

describe.skipIf(!inject("sqlite"))("what is to be done next", () => {
  /** The words behind `next: ` in what a command said, as a shell takes them. */
  const next = (said: string): readonly string[] => {
    const [, words = ""] = /; next: mled (.*)$/m.exec(said) ?? [];
    return [...words.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
  };

  test("works as it is typed where the place was named for one command, and that was down", async () => {
    const shell = await planned(patient);
    const file = path.join(shell.directory, "there.db");
    mkdirSync(file);
    const { err } = await shell.run("wp", "note", "p/WP01", "x", "--sync-to", "sqlite:there.db");
    expect(next(err)).toEqual(["sync", `sqlite:${file}`]);
    rmSync(file, { recursive: true });
    expect((await shell.json(...next(err))).data).toMatchObject({ complete: true, events: 8 });
  });

  test("names a server with all its parameters, and the ledger that is brought to it", async () => {
    const dead = `${deadServer}&ledger=a`;
    const shell = await planned(patient);
    const { err } = await shell.run(
      "wp",
      "note",
      "p/WP01",
      "x",
      "--store",
      "file:.mission-ledger",
      "--sync-to",
      dead,
    );
    expect(next(err)).toEqual(["sync", dead, "--store", "file:.mission-ledger"]);
    expect((await shell.json(...next(err))).envelope.error?.code).toBe("STORE_UNAVAILABLE");
    expect(err).not.toContain(".;");
  });

  test("shows no password, and says where to put it", async () => {
    const dead = deadServer.replace("//", "//ada:s3cret@");
    const shell = await planned(patient);
    const { err } = await shell.run("wp", "note", "p/WP01", "x", "--sync-to", dead);
    expect(err).not.toContain("s3cret");
    expect(err).toMatch(/; next: put that address, .* MISSION_LEDGER_SYNC_TO; then mled sync\n$/);
  });

  test("looks at the server that failed, not at the ledger that is brought there or copied", async () => {
    const shell = await planned(patient);
    const step = `\`mled doctor --store '${deadServer}'\``;
    for (const argv of [
      ["sync", deadServer, "--store", "file:.mission-ledger"],
      ["copy", "file:.mission-ledger", deadServer],
      ["copy", deadServer, "file:elsewhere"],
    ]) {
      const { code, envelope } = await shell.json(...argv);
      expect([argv, code, envelope.error?.hint]).toEqual([argv, 7, expect.stringContaining(step)]);
    }
    const { envelope } = await shell.json("wp", "note", "p/WP01", "x", "--sync-to", deadServer);
    expect(envelope.sync?.diagnostics[0]?.hint).toContain(step);
  });
});

describe("a server that does not answer", () => {
  test("is waited for no longer than was said, and then named", async () => {
    const shell = await planned(syncing(await silentServer(), { MISSION_LEDGER_SYNC_WITHIN: "300ms" }));
    const { code, envelope } = await shell.json("wp", "claim", "p/WP01");
    expect([code, envelope.ok]).toEqual([0, true]);
    expect(envelope.sync).toMatchObject({ complete: false, diagnostics: [{ fatal: false }] });
    expect(["TIMEOUT", "STORE_UNAVAILABLE"]).toContain(envelope.sync?.diagnostics[0]?.code);
  });

  test("is left at once by an interrupt, and the command stays done", async () => {
    const stopping = new AbortController();
    const shell = await planned(patient);
    const to = await silentServer();
    const world = shell.io({ ...syncing(to, { MISSION_LEDGER_SYNC_WITHIN: "1h" }), signal: stopping.signal });
    const { runLedger } = await import("../run/run-ledger.ts");
    const running = runLedger(["wp", "claim", "p/WP01", "--json"], world);
    while ((await logOf(shell)).length < 8) await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    expect(await running).toBe(0);
    expect(JSON.parse(world.text().out)).toMatchObject({ ok: true, sync: { complete: false } });
  });

  test("for a time that is none is refused before anything is written", async () => {
    const shell = await planned(patient);
    const world = { ...syncing("sqlite:there.db", { MISSION_LEDGER_SYNC_WITHIN: "soon" }) };
    const other = session({ ...world, cwd: shell.directory });
    expect((await other.json("wp", "note", "p/WP01", "x")).envelope.error).toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("MISSION_LEDGER_SYNC_WITHIN"),
    });
  });
});

describe.skipIf(!inject("sqlite"))("mled sync", () => {
  test("brings all, says so, and has nothing to do the next time", async () => {
    const shell = await planned(patient);
    const first = await shell.json("sync", "sqlite:there.db");
    expect(first).toMatchObject({
      code: 0,
      data: { complete: true, equal: 1, events: 7, missions: [{ slug: "p", events: 7, equal: true }] },
    });
    expect(Object.keys(first.envelope)).not.toContain("sync");
    expect((await shell.run("sync", "sqlite:there.db")).out).toMatch(
      /^nothing to bring to sqlite:.*\nequal: 1 mission ends the same in both\n$/,
    );
  });

  test("goes where the setting says, and asks for an address where nothing does", async () => {
    const shell = await planned(syncing("sqlite:there.db"));
    expect((await shell.json("sync")).data).toMatchObject({ complete: true });
    const other = await planned(patient);
    expect(await other.json("sync")).toMatchObject({
      code: 4,
      envelope: { error: { code: "INPUT_REQUIRED" } },
    });
    expect((await other.json("sync", "--sync-to", "sqlite:there.db")).data).toMatchObject({ complete: true });
  });

  test("with --dry-run says what is missing there, and brings nothing", async () => {
    const shell = await planned(patient);
    const look = await shell.json("sync", "sqlite:there.db", "--dry-run");
    expect(look).toMatchObject({ code: 0, data: { complete: false, events: 7, dryRun: true } });
    expect(await shell.json("mission", "list", "--store", "sqlite:there.db")).toMatchObject({
      data: { missions: [] },
    });
  });

  test("of one mission leaves the others, and knows those that are not there", async () => {
    const shell = await planned(patient);
    await shell.run("mission", "create", "q", "Another one");
    expect((await shell.json("sync", "sqlite:there.db", "--mission", "q")).data).toMatchObject({
      equal: 1,
      events: 1,
    });
    expect((await shell.json("sync", "sqlite:there.db", "--mission", "z")).code).toBe(3);
  });

  test("fails as its own failure, with its exit code, and what it did is in data", async () => {
    const shell = await planned(patient);
    const down = await shell.json("sync", deadServer, "--within", "3s");
    expect(down).toMatchObject({ code: 7, envelope: { ok: false, data: { complete: false } } });
    expect(["STORE_UNAVAILABLE", "TIMEOUT"]).toContain(down.envelope.error?.code);
    expect((await shell.run("sync", deadServer, "--within", "3s")).out).toMatch(
      /^brought nothing to esdb:.*\nnot equal: 1 mission\n/,
    );
    await shell.run("sync", "sqlite:there.db");
    await shell.run("wp", "note", "p/WP01", "there", "--store", "sqlite:there.db");
    await shell.run("mission", "create", "q", "Another one");
    const diverged = await shell.json("sync", "sqlite:there.db");
    expect(diverged).toMatchObject({
      code: 8,
      data: { complete: false, equal: 1, events: 1 },
      envelope: { error: { code: "COPY_DIVERGED", details: { stream: "mission-p" } } },
    });
  });

  test("finds what a memory beside the ledger says is there, and is not", async () => {
    const shell = await planned(syncing("sqlite:there.db"));
    await shell.run("mission", "create", "q", "Another one");
    for (const end of ["", "-wal", "-shm", "-cache", "-cache-wal", "-cache-shm"])
      rmSync(path.join(shell.directory, `there.db${end}`), { force: true });
    expect((await shell.json("sync")).data).toMatchObject({ complete: true, equal: 2, events: 8 });
  });
});

describe("with the server down", () => {
  const followed = commands.filter((spec) => isFollowedBySync(spec, {})).map(({ name }) => name);

  test("every command that writes is followed, but for the two that must not be", () => {
    expect(commands.filter(({ writes }) => writes).length - followed.length).toBeLessThanOrEqual(2);
  });

  test.each(followed)("%s succeeds all the same, and prints one sound document", async (name) => {
    const shell = await preparedFor(name);
    const argv = lineOf(name, shell.directory);
    const { code, out, err } = await shell.run(...argv, "--json", "--sync-to", deadServer);
    expect([code, err], out).toEqual([0, ""]);
    const document = JSON.parse(out);
    expect(document).toMatchObject({ ok: true, error: null, command: name });
    expect(document.sync).toMatchObject({ diagnostics: document.sync.complete ? [] : [{ fatal: false }] });
    expect(document.warnings).toHaveLength(document.sync.complete ? 0 : 1);
  });
});
