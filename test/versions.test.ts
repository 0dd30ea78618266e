/** Two versions of the library on one log: the older one says so and answers nothing, and keeps what it does not know. */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { type EventStore, isStoreFault, sealCommit } from "@mission-ledger/core";
import { board, ledgerOver, missionCodec } from "@mission-ledger/core/mission";
import { encodeStreamName, inspectStream, openFileStore } from "@mission-ledger/store-file";
import { runLedger } from "mission-ledger/cli";
import { afterAll, beforeEach, describe, expect, test } from "vitest";

const golden = path.join(import.meta.dirname, "golden", "v1");
const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-versions-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const stream = "mission-golden";
let directory = "";
let copies = 0;
/** The end of the log before anything was done to it. */
const whole = await (async () => {
  const store = await openFileStore({ directory: golden });
  const head = await store.head(stream);
  await store.close();
  return head;
})();
beforeEach(() => {
  copies += 1;
  directory = path.join(scratch, String(copies));
  cpSync(golden, directory, { recursive: true });
});
const logFile = (): string => path.join(directory, "log", `${encodeStreamName(stream)}.jsonl`);

const sealed = (text: string): string =>
  `${text.slice(0, -1)},"crc":"${crc32(Buffer.from(text.slice(0, -1)))
    .toString(16)
    .padStart(8, "0")}"}\n`;

/** What a later version may write: another format, of which only the first two fields are known. */
const ofTheFuture = sealed(`{"v":2,"stream":"${stream}","entirely":{"different":[1,2,3]}}`);

const mled = async (...argv: readonly string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runLedger([...argv, "--ledger", directory], {
    stdout: { write: (chunk) => out.push(String(chunk)) > 0 },
    stderr: { write: (chunk) => err.push(String(chunk)) > 0 },
    cwd: scratch,
    env: { MISSION_LEDGER_ACTOR: "ana" },
    signal: AbortSignal.timeout(5_000),
  });
  return { code, out: out.join(""), err: err.join("") };
};

const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
    return "answered";
  } catch (error) {
    return isStoreFault(error) ? error.code : String(error);
  }
};

const drain = async (batches: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of batches);
};

describe("a record of a newer format", () => {
  const putAtTheEnd = () => appendFileSync(logFile(), ofTheFuture);
  const putInTheMiddle = () => {
    const lines = readFileSync(logFile(), "utf8").split("\n");
    lines.splice(3, 0, ofTheFuture.slice(0, -1));
    writeFileSync(logFile(), lines.join("\n"));
  };
  const context = {
    stream,
    commandId: "c",
    commandDigest: "d",
    recordedAt: "2026-01-01T00:00:00.000Z",
    actor: "a",
  };

  describe.each([
    ["at the end", putAtTheEnd],
    ["in the middle", putInTheMiddle],
  ])("%s of a log", (_, put) => {
    test.each<[string, (store: EventStore) => Promise<unknown>]>([
      ["read", (store) => drain(store.read(stream))],
      ["readAll", (store) => drain(store.readAll())],
      ["subscribe", (store) => drain(store.subscribe())],
      ["fold", (store) => ledgerOver({ store, actor: "a" }).mission("golden").state()],
      ["view", (store) => ledgerOver({ store, actor: "a" }).mission("golden").view(board)],
      [
        "append",
        async (store) => {
          const commit = sealCommit(whole, context, [{ type: "Noted", version: 1, data: {} }]);
          return store.append({ commit, expected: whole.revision });
        },
      ],
      ["confirm", (store) => store.confirm(stream, whole)],
      ["head", (store) => store.head(stream)],
      ["findCommand", (store) => store.findCommand(stream, "c")],
    ])("is named by %s, which answers nothing", async (_name, work) => {
      put();
      const store = await openFileStore({ directory });
      expect(await codeOf(() => work(store))).toBe("UNSUPPORTED_FORMAT");
      await store.close();
    });

    test("makes every command about the mission end with 8 and say why", async () => {
      put();
      const before = readFileSync(logFile());
      for (const argv of [
        ["mission", "show", "golden"],
        ["board", "golden"],
        ["wp", "list", "golden"],
        ["wp", "show", "golden/WP01"],
        ["log", "golden"],
        ["watch", "golden", "--after", "0", "--for", "1s"],
        ["next", "golden"],
        ["ready", "golden"],
        ["verify"],
        ["doctor"],
        ["rebuild"],
        ["export", "spec-kitty", "golden"],
        ["wp", "note", "golden/WP01", "text"],
        ["wp", "claim", "golden/WP02"],
      ]) {
        const { code, out } = await mled(...argv, "--json");
        const { ok, error } = JSON.parse(out);
        expect([argv.join(" "), ok, code, error.code]).toEqual([
          argv.join(" "),
          false,
          8,
          "UNSUPPORTED_FORMAT",
        ]);
        expect(`${error.message} ${error.hint}`, argv.join(" ")).toMatch(/version|format/);
      }
      expect(readFileSync(logFile())).toEqual(before);
    });

    test("is located by an inspection", () => {
      put();
      expect(inspectStream({ directory, stream }).findings).toMatchObject([
        { kind: "newer_format", length: ofTheFuture.length },
      ]);
    });
  });

  test("is not forgotten by a process that had read the log before", async () => {
    const store = await openFileStore({ directory });
    const ledger = ledgerOver({ store, actor: "ana" });
    await ledger.mission("golden").execute({ type: "AddNote", workPackageId: "WP01", text: "before" });
    putAtTheEnd();
    const request = { type: "AddNote", workPackageId: "WP01", text: "after" } as const;
    expect(await codeOf(() => ledger.mission("golden").execute(request))).toBe("UNSUPPORTED_FORMAT");
    expect(await codeOf(() => ledger.mission("golden").state())).toBe("UNSUPPORTED_FORMAT");
    await ledger.close();
  });

  test("leaves the other missions of the ledger as they are", async () => {
    putAtTheEnd();
    expect((await mled("mission", "show", "golden-import", "--json")).code).toBe(0);
  });
});

describe("an event of a later version in a format that is known", () => {
  const put = async (): Promise<void> => {
    const store = await openFileStore({ directory });
    const head = await store.head(stream);
    const context = {
      stream,
      commandId: "future",
      commandDigest: "d",
      recordedAt: "2026-01-01T00:00:00.000Z",
      actor: "later",
    };
    const commit = sealCommit(head, context, [
      { type: "WorkPackageTeleported", version: 1, data: { workPackageId: "WP01", to: { planet: "Mars" } } },
      { type: "WorkPackageMoved", version: 99, data: { workPackageId: "WP01", how: ["new", "shape"] } },
    ]);
    await store.readBack((await store.append({ commit, expected: head.revision })) as never);
    await store.close();
  };

  test("is kept as it is, counted, and passed over by folds and views", async () => {
    const open = async () => ledgerOver({ store: await openFileStore({ directory }), actor: "ana" });
    const before = await open();
    const [state, seen] = [
      await before.mission("golden").state(),
      await before.mission("golden").view(board),
    ];
    await before.close();
    await put();
    const ledger = await open();
    expect(await ledger.mission("golden").state()).toEqual(state);
    expect(await ledger.mission("golden").view(board)).toMatchObject({
      view: seen.view,
      unknownEvents: 2,
      gaps: 0,
    });
    const events = [];
    for await (const batch of ledger.mission("golden").history()) events.push(...batch);
    expect(events.slice(-2)).toMatchObject([
      { type: "WorkPackageTeleported", data: { to: { planet: "Mars" } } },
      { type: "WorkPackageMoved", version: 99, data: { how: ["new", "shape"] } },
    ]);
    expect(events.slice(-2).map((event) => missionCodec.decode(event)._tag)).toEqual(["Unknown", "Unknown"]);
    await ledger.mission("golden").execute({ type: "AddNote", workPackageId: "WP01", text: "goes on" });
    await ledger.close();
    expect(inspectStream({ directory, stream })).toMatchObject({ findings: [], brokenLinks: [] });
  });

  test("is shown in the log by its name, and verified like any other", async () => {
    await put();
    expect((await mled("log", "golden", "--limit", "0", "--jsonl")).out).toContain("WorkPackageTeleported");
    expect((await mled("verify", "--json")).code).toBe(0);
    expect((await mled("rebuild", "--dry-run", "--json")).code).toBe(0);
  });
});

test("fields that nobody knows are kept in the log's bytes and change no answer", async () => {
  const lines = readFileSync(logFile(), "utf8").split("\n");
  const [first = ""] = lines;
  const text = `${first.slice(0, first.lastIndexOf(',"crc":'))},"annotation":{"of":"the future"}}`;
  writeFileSync(logFile(), [sealed(text).slice(0, -1), ...lines.slice(1)].join("\n"));
  const before = readFileSync(logFile());
  expect(inspectStream({ directory, stream })).toMatchObject({ findings: [], brokenLinks: [] });
  expect((await mled("wp", "note", "golden/WP01", "text", "--json")).code).toBe(0);
  expect(readFileSync(logFile()).subarray(0, before.length)).toEqual(before);
});
