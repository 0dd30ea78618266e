/**
 * F17 and Z10: pages of a database with flipped bits, foreign bytes, another page's content, nothing at all, or cut off; and
 * flipped bits of a -wal. What is read is what was written or a typed fault, no receipt is false, and whoever inspects the
 * database learns of the damage, even of the rare page that hides events from an index and so from a reader. Behind a damaged place of a -wal SQLite sees nothing, and nobody can tell: there what is read
 * has to be a beginning of what was written.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isStoreFault } from "@mission-ledger/core";
import { inspectDatabase } from "@mission-ledger/store-sqlite";
import { seededRandomness } from "@mission-ledger/testkit";
import { stores } from "../stores/index.mjs";
import { problemsOf } from "../stores/sqlite-file.mjs";
import { appendProven, Conflicted, fill, isSame, knownOf, readAllOf, streams } from "./sqlite/history.mjs";
import { removeDatabase } from "./sqlite/operations.mjs";

const pageBytes = 4_096;
const commits = 40;
/** Below what makes SQLite checkpoint. */
const commitsInWal = 12;
/** One case in so many is a bit of a -wal. */
const walEvery = 5;

const flip = (bytes, bit) => {
  bytes[bit >>> 3] ^= 1 << (bit & 7);
};

/** Ways to damage the page that begins at `start`; the first is tried on every page. */
const damages = {
  "a flipped bit": (bytes, start, draw) => flip(bytes, 8 * start + draw(8 * pageBytes)),
  "a flipped bit of its head": (bytes, start, draw) => flip(bytes, 8 * start + draw(8 * 12)),
  "random bytes": (bytes, start, draw) => {
    const from = start + draw(pageBytes);
    const end = Math.min(start + pageBytes, from + 1 + draw(64));
    for (let at = from; at < end; at += 1) bytes[at] = draw(256);
  },
  "only zeros": (bytes, start) => bytes.fill(0, start, start + pageBytes),
  "another page": (bytes, start, draw) => {
    const from = draw(bytes.length / pageBytes) * pageBytes;
    bytes.copy(bytes, start, from, from + pageBytes);
  },
  "its end cut off": (bytes, start, draw) => bytes.subarray(0, start + draw(pageBytes)),
};

const typed = (error) => isStoreFault(error) || error instanceof Conflicted;

/** What becomes of one damaged database; sentences. */
const judge = async ({ place, files, known, mayBeShorter }, figures) => {
  const wrong = [];
  const lay = () => {
    removeDatabase(place);
    for (const [end, bytes] of files) writeFileSync(place + end, bytes);
  };
  lay();
  let reading;
  let receipt;
  try {
    const store = await stores.sqlite.open(place);
    try {
      reading = await readAllOf(store);
      for (const [name, event] of reading.digests)
        if (!isSame(event, known.get(name))) wrong.push(`${name} is read otherwise than it was written`);
      try {
        receipt = await appendProven(store, streams[0], 9_000, 300);
        if (reading.error?.code === "LOG_CORRUPT") wrong.push("written behind damage that a reader met");
      } catch (error) {
        if (!typed(error)) wrong.push(`a writer is answered ${error.stack}`);
        figures[`append: ${error.code ?? error.message}`] =
          (figures[`append: ${error.code ?? error.message}`] ?? 0) + 1;
      }
    } finally {
      await store.close().catch((error) => {
        if (!isStoreFault(error)) wrong.push(`closing is answered ${error.stack}`);
      });
    }
  } catch (error) {
    if (!isStoreFault(error)) wrong.push(`opening is answered ${error.stack}`);
    reading = { digests: new Map(), error, isTyped: true };
  }
  if (reading.error !== undefined && !reading.isTyped)
    wrong.push(`reading is answered ${reading.error.stack}`);
  if (receipt !== undefined) {
    figures.receipts += 1;
    const after = await stores.sqlite.open(place);
    const { digests, error } = await readAllOf(after);
    const found = knownOf(receipt);
    // What a damaged page hides from a reader hides it with a fault.
    if (error === undefined)
      for (const [name, event] of found)
        if (!isSame(digests.get(name), event)) wrong.push(`${name} has a receipt and is not there`);
    await after.close();
  }
  if (reading.error !== undefined) figures.refused += 1;
  else if (reading.digests.size < known.size) {
    if (mayBeShorter) figures["a -wal ends earlier"] += 1;
    else {
      // An index that has lost its end: a reader cannot tell without reading everything, as inspectDatabase does.
      figures["shorter, seen by inspectDatabase alone"] += 1;
      lay();
      if (!(await isNoticed(place)))
        wrong.push(
          `reads ${reading.digests.size} of ${known.size} events, and inspectDatabase finds nothing`,
        );
    }
  } else figures.harmless += 1;
  if (reading.error !== undefined) {
    lay();
    if (!(await isNoticed(place))) wrong.push("reading is refused and inspectDatabase finds nothing");
    lay();
    if (isOkForSqlite(place)) figures["integrity_check says ok"] += 1;
  }
  removeDatabase(place);
  return wrong;
};

const isNoticed = async (place) => {
  try {
    return (await inspectDatabase({ path: place })).findings.length > 0;
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    return true;
  }
};

const isOkForSqlite = (place) => {
  try {
    return problemsOf(place).length === 0;
  } catch {
    return false;
  }
};

/** The files of a ledger that was closed, and of one whose writer died with all of its commits still in the -wal. */
const makeGrounds = async (folder) => {
  const place = path.join(folder, "ledger.db");
  const store = await stores.sqlite.open(place);
  const known = knownOf(await fill(store, commits));
  await store.close();
  const closed = readFileSync(place);
  removeDatabase(place);
  const dying = await stores.sqlite.open(place);
  const pending = knownOf(await fill(dying, commitsInWal));
  const died = [readFileSync(place), readFileSync(`${place}-wal`)];
  await dying.close();
  removeDatabase(place);
  return { place, known, closed, pending, died };
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F17",
  name: "sqlite-pages",
  title: "damaged pages of a database",
  unit: "damaged pages",
  perPush: 600,
  longRun: 100_000,
  run: async ({ goal, deadline, mostFailures = 20, seed, scratch }) => {
    const { fraction } = seededRandomness(seed);
    const draw = (below) => Math.floor(fraction() * below);
    const folder = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/mission-ledger-pages-") : scratch;
    const failures = [];
    const figures = {
      pages: 0,
      receipts: 0,
      refused: 0,
      "shorter, seen by inspectDatabase alone": 0,
      "a -wal ends earlier": 0,
      harmless: 0,
      "integrity_check says ok": 0,
    };
    let done = 0;
    try {
      const { place, known, closed, pending, died } = await makeGrounds(folder);
      figures.pages = closed.length / pageBytes;
      const kinds = Object.entries(damages);
      let turn = 0;
      for (; done < goal && failures.length < mostFailures && performance.now() < deadline; done += 1) {
        const report = (what, wrong) =>
          failures.push(...wrong.map((text) => `${what}, seed ${seed}, case ${done}: ${text}`));
        if (done % walEvery === walEvery - 1) {
          const [database, log] = died;
          const wal = Buffer.from(log);
          const bit = draw(8 * wal.length);
          flip(wal, bit);
          const files = [
            ["", database],
            ["-wal", wal],
          ];
          report(
            `bit ${bit} of the -wal`,
            await judge({ place, files, known: pending, mayBeShorter: true }, figures),
          );
          continue;
        }
        const page = turn % figures.pages;
        // All pages with the first kind, then with the next.
        const [kind, damage] = kinds[Math.floor(turn / figures.pages) % kinds.length];
        turn += 1;
        const bytes = Buffer.from(closed);
        const cut = damage(bytes, page * pageBytes, draw);
        const files = [["", kind === "its end cut off" ? cut : bytes]];
        report(
          `page ${page + 1}, ${kind}`,
          await judge({ place, files, known, mayBeShorter: false }, figures),
        );
      }
    } finally {
      if (folder !== scratch) rmSync(folder, { recursive: true, force: true });
    }
    return { done, failures, figures };
  },
};
