/**
 * F17 and Z10: pages of a database with flipped bits, foreign bytes, another page's content, nothing at all, or cut off. What is
 * read is what was written or a typed fault, no receipt is false, and whoever inspects the database learns of the damage.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isStoreFault } from "@mission-ledger/core";
import { seededRandomness } from "@mission-ledger/testkit";
import { stores } from "../stores/index.mjs";
import { problemsOf } from "../stores/sqlite-file.mjs";
import { appendProven, Conflicted, fill, isSame, knownOf, readAllOf, streams } from "./sqlite/history.mjs";
import { removeDatabase } from "./sqlite/operations.mjs";

const pageBytes = 4_096;
const commits = 40;

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
const judge = async (place, damaged, known, figures) => {
  const wrong = [];
  writeFileSync(place, damaged);
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
    figures.shorter += 1;
    wrong.push(`reads ${reading.digests.size} of ${known.size} events and no fault`);
  } else figures.harmless += 1;
  removeDatabase(place);
  writeFileSync(place, damaged);
  if (reading.error !== undefined || wrong.length > 0) {
    const noticed = noticedBy(place);
    if (!noticed) figures["integrity_check says ok"] += 1;
  }
  removeDatabase(place);
  return wrong;
};

const noticedBy = (place) => {
  try {
    return problemsOf(place).length > 0;
  } catch {
    return true;
  }
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
      shorter: 0,
      harmless: 0,
      "integrity_check says ok": 0,
    };
    let done = 0;
    try {
      const place = path.join(folder, "ledger.db");
      const store = await stores.sqlite.open(place);
      const known = knownOf(await fill(store, commits));
      await store.close();
      const sound = readFileSync(place);
      figures.pages = sound.length / pageBytes;
      const kinds = Object.entries(damages);
      for (; done < goal && failures.length < mostFailures && performance.now() < deadline; done += 1) {
        const page = done % figures.pages;
        // All pages with the first kind, then with the next.
        const [kind, damage] = kinds[Math.floor(done / figures.pages) % kinds.length];
        const bytes = Buffer.from(sound);
        const damaged = damage(bytes, page * pageBytes, draw);
        const wrong = await judge(
          place,
          Buffer.isBuffer(damaged) && damaged.length < bytes.length ? damaged : bytes,
          known,
          figures,
        );
        failures.push(
          ...wrong.map((text) => `page ${page + 1}, ${kind}, seed ${seed}, case ${done}: ${text}`),
        );
      }
    } finally {
      if (folder !== scratch) rmSync(folder, { recursive: true, force: true });
    }
    return { done, failures, figures };
  },
};
