/** The built program beside servers that are down or say nothing: results, documents and exit codes as a script sees them. */
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import path from "node:path";
import { startWireServer } from "@mission-ledger/wire-server";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildFirst, type Started, start } from "../testing/built-program.ts";
import { planned, type Session } from "../testing/session.ts";

buildFirst();

/** Takes connections and never says a word. Answers once somebody has come. */
const silentServer = async (): Promise<{ readonly url: string; readonly visited: Promise<void> }> => {
  const sockets = new Set<Socket>();
  let welcome = (): void => {};
  const visited = new Promise<void>((resolve) => {
    welcome = resolve;
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    welcome();
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { url: `esdb://127.0.0.1:${port}?tls=false`, visited };
};

/** A port that is given to nobody who asks for any. */
const deadServer = "esdb://127.0.0.1:1?tls=false";

const started = (
  { directory: cwd }: Session,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Started => start(argv, { cwd, env });

const logOf = (shell: Session): readonly string[] =>
  readFileSync(path.join(shell.directory, ".mission-ledger", "log", "mission-p.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1);

describe("the program, with a server that", () => {
  test("never answers, is told to end: it prints its one document and succeeds", async () => {
    const shell = await planned();
    const before = logOf(shell).length;
    const { url, visited } = await silentServer();
    const { child, ended } = started(shell, ["wp", "claim", "p/WP01", "--json", "--sync-to", url], {
      MISSION_LEDGER_SYNC_WITHIN: "1h",
    });
    await visited;
    child.kill("SIGTERM");
    const { status, stdout, stderr } = await ended;
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      data: { readback: "verified", lane: "claimed" },
      sync: { complete: false, diagnostics: [{ code: "INTERRUPTED", fatal: false }] },
    });
    expect(logOf(shell)).toHaveLength(before + 1);
  });

  test("never answers, ends by itself", async () => {
    const shell = await planned();
    const { url } = await silentServer();
    const { ended } = started(shell, ["wp", "claim", "p/WP01", "--json"], {
      MISSION_LEDGER_SYNC_TO: url,
      MISSION_LEDGER_SYNC_WITHIN: "200ms",
    });
    const { status, stdout, stderr } = await ended;
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, sync: { complete: false } });
  });

  test("is down, keeps the result on stdout and says the rest on stderr", async () => {
    const shell = await planned();
    const { ended } = started(shell, ["wp", "claim", "p/WP01"], {
      MISSION_LEDGER_SYNC_TO: deadServer,
      MISSION_LEDGER_SYNC_WITHIN: "1m",
    });
    const { status, stdout, stderr } = await ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/read back/);
    expect(stderr).toMatch(/^warning: STORE_UNAVAILABLE: .*; next: mled sync\n$/);
  });

  test("is down, is named by mled sync with an exit code of its own", async () => {
    const shell = await planned();
    const { ended } = started(shell, ["sync", deadServer, "--within", "5s", "--json"], {});
    const { status, stdout } = await ended;
    expect(status).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, data: { complete: false, events: 0 } });
  });
});

test("processes that bring the same mission at the same time end without a word about it, and each event is there once", async () => {
  const shell = await planned();
  const server = await startWireServer({ dropsOverlapping: true });
  onTestFinished(() => server.stop());
  const env = { MISSION_LEDGER_SYNC_TO: server.url, MISSION_LEDGER_SYNC_WITHIN: "1m" };
  const documents: unknown[] = [];
  const agent = async (name: string): Promise<void> => {
    for (const text of ["one", "two", "three"]) {
      const { status, stdout, stderr } = await started(
        shell,
        ["wp", "note", "p/WP01", `${name} ${text}`, "--json"],
        env,
      ).ended;
      expect([status, stderr]).toEqual([0, ""]);
      documents.push(JSON.parse(stdout));
    }
  };
  await Promise.all(["ada", "bob", "eve"].map(agent));
  for (const document of documents)
    expect(document).toMatchObject({ ok: true, warnings: [], sync: { complete: true, diagnostics: [] } });
  const there = server.events("mission-p").map(({ id }) => id);
  const lines = logOf(shell).map((line) => JSON.parse(line) as { events: { id: string }[] });
  expect(there).toEqual(lines.flatMap(({ events }) => events.map(({ id }) => id)));
});
