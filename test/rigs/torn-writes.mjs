/** F08: short and split writes, and what strangers leave at the end of a log: fragments, NULs, CRLF, a byte order mark. */
import { crashStream, seededRandomness, simulatedDisk } from "@mission-ledger/testkit";
import { directory, look, openOn } from "./disk/ledger.mjs";
import { newHistory } from "./disk/operations.mjs";

const logPath = `${directory}/log/${crashStream}.jsonl`;
const alive = () => true;
const isRecord = ({ name, path }) => name === "write" && path === logPath;

/** Two records, as bytes and as a history to go on from. */
const twoRecords = async () => {
  const disk = simulatedDisk();
  const store = await openOn(disk.process().files);
  const history = newHistory();
  await history.run(store, { commandId: "c1" }, alive);
  const first = disk.bytesOf(logPath).length;
  await history.run(store, { commandId: "c2", events: 2 }, alive);
  await store.close();
  return { bytes: disk.bytesOf(logPath), first, view: history.view() };
};

/** The second write is cut after `count` bytes, and the process goes on, or a real one takes it in two pieces. */
const cutWrite = async ({ count, kind, wrong }) => {
  const disk = simulatedDisk();
  const history = newHistory();
  let writes = 0;
  const { files } = disk.process({
    intercept: (call) => {
      if (!isRecord(call)) return undefined;
      writes += 1;
      return kind === "short" && writes === 2 ? { _tag: "Short", bytes: count } : undefined;
    },
  });
  const split = {
    ...files,
    write: (fd, buffer, offset, length, position) => {
      if (kind !== "split" || position !== null || count >= length)
        return files.write(fd, buffer, offset, length, position);
      files.write(fd, buffer, offset, count, position);
      return count + files.write(fd, buffer, offset + count, length - count, position);
    },
  };
  const store = await openOn(split);
  await history.run(store, { commandId: "c1" }, alive);
  const isDone = await history.run(store, { commandId: "c2", events: 2 }, alive, 1);
  if (kind === "split" && !isDone) wrong("a write in two pieces was refused");
  if (kind === "short") {
    const { code, outcome } = history.view().faults[0] ?? {};
    if (code !== "STORAGE_FULL" || outcome !== "not_written") wrong(`answered ${code}, ${outcome}`);
    if (look(files, crashStream).head.revision !== 0) wrong("what was not written can be read");
    if (!(await history.run(store, { commandId: "c2", events: 2 }, alive, 1))) wrong("a retry was refused");
  }
  const { head, problems } = look(files, crashStream);
  if (head.revision !== 2 || problems.length > 0) wrong(`the log reads up to ${head.revision}, ${problems}`);
  for (const text of history.untyped) wrong(text);
  await store.close();
};

/** A log as a stranger left it. What was acknowledged is read; the next append succeeds, or is refused with a fault. */
const planted = async ({ bytes, view, mustTake, wrong, figures }) => {
  const disk = simulatedDisk();
  disk.plant(logPath, bytes);
  const { files } = disk.process();
  const store = await openOn(files);
  const history = newHistory(view);
  try {
    const read = [];
    for await (const batch of store.read(crashStream)) read.push(...batch);
    const wanted = view.acknowledged.flatMap(({ events }) => events.map(({ id }) => id));
    if (wanted.some((id) => !read.some((event) => event.id === id)))
      wrong("something acknowledged is not read");
  } catch (error) {
    wrong(`reading failed: ${error.message}`);
  }
  const isDone = await history.run(store, { commandId: "next" }, alive, 1);
  const fault = history.view().faults.at(-1);
  if (!isDone && mustTake) wrong(`the next append was answered with ${JSON.stringify(fault)}`);
  if (!isDone && fault?.code !== "LOG_CORRUPT") wrong(`refused with ${JSON.stringify(fault)}`);
  if (isDone) {
    const ids = [];
    for await (const batch of store.read(crashStream)) ids.push(...batch.map(({ commandId }) => commandId));
    if (ids.filter((id) => id === "next").length !== 1) wrong("the next append is not there once");
  } else figures.refused += 1;
  for (const text of history.untyped) wrong(text);
  await store.close();
};

const joined = (...parts) => new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part))));

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F08",
  name: "torn-writes",
  title: "short and split writes, strangers' fragments, NULs, CRLF, BOM",
  unit: "cases",
  perPush: 4_000,
  longRun: 200_000,
  run: async ({ goal, deadline, seed }) => {
    const { fraction } = seededRandomness(seed);
    const { bytes, first, view } = await twoRecords();
    const failures = [];
    const figures = { short: 0, split: 0, fragments: 0, refused: 0 };
    let done = 0;
    const goesOn = () => failures.length < 20 && performance.now() < deadline;
    const wrongAt = (where) => (text) => failures.push(`${where}: ${text}`);
    const record = bytes.subarray(first);
    for (const kind of ["short", "split"])
      for (let count = 0; count < record.length && goesOn(); count += 1) {
        if (kind === "split" && count === 0) continue;
        await cutWrite({ count, kind, wrong: wrongAt(`${kind} after ${count} bytes`) });
        figures[kind] += 1;
        done += 1;
      }
    const strangers = Array.from({ length: record.length - 1 }, (_, index) => [
      `${index + 1} bytes of a dead writer's record`,
      record.subarray(0, index + 1),
    ]);
    for (let nuls = 1; nuls <= 64; nuls += 1) strangers.push([`${nuls} NULs`, new Uint8Array(nuls)]);
    for (const pages of [1, 2, 3]) strangers.push([`${pages} pages of NULs`, new Uint8Array(pages * 4_096)]);
    for (const [name, tail] of strangers) {
      if (!goesOn()) break;
      const wrong = wrongAt(name);
      await planted({ bytes: joined(bytes, tail), view, mustTake: true, wrong, figures });
      done += 1;
    }
    const text = Buffer.from(bytes).toString("latin1");
    const edited = [
      ["CRLF in every line", text.replaceAll("\n", "\r\n")],
      ["CRLF in the last line", `${text.slice(0, -1)}\r\n`],
      ["a byte order mark", `\xef\xbb\xbf${text}`],
      ["an empty line at the end", `${text}\n`],
      ["a line of NULs", `${text}\0\0\0\0\n`],
    ];
    for (const [name, changed] of edited) {
      const readable = { ...view, acknowledged: [] };
      const wrong = wrongAt(name);
      await planted({
        bytes: Buffer.from(changed, "latin1"),
        view: readable,
        mustTake: false,
        wrong,
        figures,
      });
      done += 1;
    }
    while (done < goal && goesOn()) {
      // No LF in it: a fragment is what stands behind the last one.
      const tail = Uint8Array.from({ length: 1 + Math.floor(fraction() * 400) }, () => {
        const byte = Math.floor(fraction() * 256);
        return byte === 10 ? 11 : byte;
      });
      const wrong = wrongAt(`a stranger's ${Buffer.from(tail).toString("hex")}`);
      await planted({ bytes: joined(bytes, tail), view, mustTake: true, wrong, figures });
      figures.fragments += 1;
      done += 1;
    }
    return { done, failures, figures };
  },
};
