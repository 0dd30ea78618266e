/**
 * Z1: hostile bytes in place of a log. Logs are put together of whole records, damaged ones, seals, merge markers, foreign
 * text and records whose checksum is right and whose content is not. The model knows which lines are whole, so it knows
 * what the reader must find; of every other line it asks only that it is not taken for what it is not.
 */
import { checkLink, sealCommit } from "@mission-ledger/core";
import { foldLog, startOfLog } from "../../packages/store-file/dist/log/fold.js";
import { openLineReader } from "../../packages/store-file/dist/log/line-reader.js";
import { encodeRecord } from "../../packages/store-file/dist/log/record.js";
import { sealLine } from "../../packages/store-file/dist/log/sealed-line.js";
import { runCases, seeded } from "./inputs/seeded.mjs";

const stream = "mission-m1";
const origins = ["0a000000-0000-4000-8000-00000000000a", "0b000000-0000-4000-8000-00000000000b"];
const digest = "a".repeat(64);

const commitOn = (head, commandId, events, note) =>
  sealCommit(
    head,
    { stream, commandId, commandDigest: digest, recordedAt: "2026-01-02T03:04:05.678Z", actor: "agent-1" },
    Array.from({ length: events }, (_, index) => ({
      type: "Noted",
      version: 1,
      data: { note: `${note}${index}` },
    })),
  );

/** One chain of 24 records, and for each a rival that follows the same head: of this copy and of another one. */
const pool = () => {
  const chain = [];
  const rivals = [];
  const branches = [];
  let head = { revision: -1, digest: null };
  for (let index = 0; index < 24; index += 1) {
    const make = (commandId, origin, seq, note, branch = {}) => {
      const commit = commitOn(head, commandId, 1 + (index % 3), note);
      const last = commit.events.at(-1);
      return {
        line: encodeRecord(commit, { origin, seq, ...branch }, 65_536),
        firstRevision: commit.firstRevision,
        previous: commit.previous,
        revision: last.revision,
        digest: last.digest,
      };
    };
    const record = make(`c${index}`, origins[0], index * 2 + 1, "n");
    rivals.push([
      make(`r${index}`, origins[0], index * 2 + 2, "rival"),
      make(`f${index}`, origins[1], index * 2 + 2, "far"),
    ]);
    branches.push(
      make(`o${index}`, origins[1], index * 2 + 2, "open", { branch: "open" }).line,
      make(`d${index}`, origins[1], index * 2 + 2, "demoted", { branch: "demoted" }).line,
    );
    chain.push(record);
    head = { revision: record.revision, digest: record.digest };
  }
  return { chain, rivals, branches };
};

const { chain, rivals, branches } = pool();
const lineFeed = Buffer.from("\n");
const markers = ["<<<<<<< HEAD", "=======", ">>>>>>> topic", "||||||| base", "<<<<<<<", "======= "].map(
  (text) => Buffer.from(`${text}\n`),
);
const foreign = [
  "",
  " ",
  "{}",
  "null",
  "[]",
  '{"v":1}',
  '{"v":',
  " #torn",
  "\u0000\u0000\u0000\u0000",
  "\ufeff",
  '{"v":1,"stream":"mission-m1"}',
  "# a comment",
  ',"crc":"00000000"}',
].map((text) => Buffer.from(`${text}\n`));

/** Changes in the text of a record that leave it JSON or nearly so; it is sealed again afterwards. */
const rewrites = [
  ['"v":1', '"v":2'],
  ['"v":1', '"v":"1"'],
  ['"v":1', '"v":0'],
  ['"v":1', '"v":9007199254740993'],
  ['"v":1', '"v":1e999'],
  ['"stream":"mission-m1"', '"stream":"mission-m2"'],
  ['"stream":"mission-m1"', '"stream":null'],
  ['"revision":', '"revision":-'],
  ['"revision":', '"revision":9007199254740991'],
  ['"revision":', '"revision":0.5,"r":'],
  ['"seq":', '"seq":1e3'],
  ['"seq":', '"seq":"'],
  ['"events":[', '"events":[null,'],
  ['"events":[', '"events":[[],'],
  ['"events":[', '"events":{"length":1,"0":'],
  ['"events":[', '"x":['],
  ['"data":{', '"data":{"__proto__":{"polluted":1},'],
  ['"data":{', '"data":{"\\u005f_proto__":{"polluted":1},'],
  ['"data":{', '"data":{"constructor":{"prototype":{"polluted":1}},'],
  ['"data":{', '"data":null,"d":{'],
  ['"data":{', '"data":[],"d":{'],
  ['"data":{', `"data":{"deep":${"[".repeat(40)}${"]".repeat(40)},`],
  ['"data":{', `"data":{"deep":${"[".repeat(30)}${"]".repeat(30)},`],
  ['"data":{', '"data":{"huge":1e400,'],
  ['"data":{', '"data":{"big":9007199254740993,'],
  ['"data":{', '"data":{"lone":"\\ud800",'],
  ['"data":{', '"data":{"twice":1,"twice":2,'],
  ['"actor":"', '"actor":"\\u0000\\u202e'],
  ['"actor":"', `"actor":"${"x".repeat(1_100)}`],
  ['"commandId":"', '"commandId":1,"c":"'],
  ['"commandId":"', `"commandId":"${"x".repeat(300)}`],
  ['"previous":', '"previous":{},"p":'],
  ['"version":1', '"version":-1'],
  ['"digest":"', '"digest":null,"dd":"'],
  ['"recordedAt":"', '"recordedAt":"not a time'],
  ["{", "{{"],
  [",", ",,"],
  ['"', "'"],
];

const resealed = (chance, line) => {
  let text = line.toString("utf8", 0, line.length - 19);
  for (let times = 1 + chance.below(2); times > 0; times -= 1) {
    const [from, to] = chance.pick(rewrites);
    text = text.replace(from, () => to);
  }
  return sealLine(`${text}}`);
};

/** Bytes of a record with some of them changed. Never an LF, so that it stays one line. */
const damaged = (chance, line) => {
  const bytes = Buffer.from(line);
  const end = bytes.length - 1;
  for (let times = 1 + chance.below(3); times > 0; times -= 1) {
    const at = chance.below(end);
    switch (chance.below(4)) {
      case 0:
        bytes[at] ^= 1 << chance.below(8);
        break;
      case 1:
        bytes[at] = chance.below(256);
        break;
      case 2:
        bytes.fill(0, at, Math.min(end, at + 1 + chance.below(64)));
        break;
      default:
        bytes.copyWithin(at, chance.below(end), end);
        bytes[end] = 0x0a;
    }
  }
  for (let at = bytes.indexOf(0x0a); at >= 0 && at < end; at = bytes.indexOf(0x0a, at + 1)) bytes[at] = 0x0b;
  return bytes.equals(line) ? foreign[0] : bytes;
};

const cut = (chance, line) => line.subarray(0, 1 + chance.below(line.length - 2));
const tornSeal = Buffer.from(" #torn\n");

/** `whole` is the record that stands in the line, and `at` where it begins there. */
const piece = (chance, next) => {
  const record = chain[Math.min(next, chain.length - 1)];
  const old = chain[chance.below(chain.length)];
  switch (
    chance.weighted([
      [40, "next"],
      [5, "repeated"],
      [4, "rival"],
      [4, "ahead"],
      [10, "damaged"],
      [8, "sealed"],
      [4, "marker"],
      [5, "foreign"],
      [6, "glued"],
      [10, "resealed"],
      [4, "dressed"],
      [4, "branch"],
    ])
  ) {
    case "next":
      return { bytes: record.line, whole: record, at: 0 };
    case "repeated":
      return { bytes: old.line, whole: old, at: 0 };
    case "rival": {
      const rival = rivals[Math.min(next, chain.length - 1)][chance.below(2)];
      return { bytes: rival.line, whole: rival, at: 0 };
    }
    case "ahead": {
      const ahead = chain[Math.min(chain.length - 1, next + 1 + chance.below(3))];
      return { bytes: ahead.line, whole: ahead, at: 0 };
    }
    case "damaged":
      return { bytes: damaged(chance, record.line) };
    case "sealed":
      return { bytes: Buffer.concat([cut(chance, record.line), tornSeal]) };
    case "marker":
      return { bytes: chance.pick(markers) };
    case "foreign":
      return { bytes: chance.pick(foreign) };
    case "glued": {
      const before = chance.chance(50) ? cut(chance, old.line) : chance.pick(foreign).subarray(0, -1);
      const bytes = Buffer.concat([before, record.line]);
      return { bytes, whole: record, at: before.length };
    }
    case "resealed":
      return { bytes: resealed(chance, record.line), unsure: true };
    case "branch":
      return { bytes: chance.pick(branches) };
    default:
      return chance.chance(50)
        ? { bytes: Buffer.concat([Buffer.from("\ufeff"), record.line]), whole: record, at: 3 }
        : { bytes: Buffer.concat([record.line.subarray(0, -1), Buffer.from("\r\n")]), whole: record, at: 0 };
  }
};

/** Reads bytes as a store reads a file; short reads are legal, so some are short. */
const filesOver = (log, short) => ({
  read: (_, buffer, offset, length, position) =>
    log.copy(buffer, offset, position, position + Math.min(length, short)),
});

const readLog = (log, { blockBytes = 65_536, short = Number.MAX_SAFE_INTEGER } = {}) => {
  const findings = [];
  const fold = foldLog(stream, stream, startOfLog, (finding) => findings.push(finding));
  const reader = openLineReader(filesOver(log, short), 0, { from: 0, blockBytes });
  const steps = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const step = fold.take(line);
    steps.push({ step, offset: line.offset, length: line.length });
  }
  return { steps, findings, head: fold.head, end: reader.end, tail: reader.tail };
};

let lines = 0;

const check = (chance) => {
  const pieces = [];
  let next = 0;
  for (let left = 1 + chance.below(8); left > 0; left -= 1) {
    const one = piece(chance, next);
    if (one.whole !== undefined && one.whole === chain[next]) next += 1;
    pieces.push(one);
  }
  const tail = chance.chance(30) ? cut(chance, chain[next % chain.length].line) : undefined;
  const log = Buffer.concat([...pieces.map(({ bytes }) => bytes), ...(tail === undefined ? [] : [tail])]);
  const read = readLog(log, {
    blockBytes: chance.chance(50) ? 64 : 65_536,
    ...(chance.chance(30) ? { short: 1 + chance.below(100) } : {}),
  });
  lines += pieces.length;
  if (read.tail !== (tail?.length ?? 0)) return `the tail is ${read.tail} bytes, not ${tail?.length ?? 0}`;
  if (read.steps.length !== pieces.length) return `${read.steps.length} lines of ${pieces.length}`;
  return compare(pieces, read);
};

/** Walks the lines with a model of the head; only lines that are whole may move it, and all of those that follow must. */
const compare = (pieces, { steps, findings, head: end }) => {
  let head = { revision: -1, digest: null };
  let offset = 0;
  const voided = new Set();
  for (const [index, { bytes, whole, at = 0, unsure }] of pieces.entries()) {
    const { step } = steps[index];
    const isRecord = step._tag === "Record";
    if (steps[index].offset !== offset || steps[index].length !== bytes.length)
      return `line ${index} stands elsewhere`;
    if (isRecord) {
      const { record } = step;
      const [first, last] = [record.events[0], record.events.at(-1)];
      if (step.offset !== offset + at && unsure !== true) return `line ${index} begins elsewhere`;
      if (whole === undefined && unsure !== true) return `line ${index} is no record and was taken for one`;
      if (whole !== undefined && last.digest !== whole.digest)
        return `line ${index} came back as another record`;
      if (JSON.stringify(record).includes("polluted"))
        return `line ${index} carries a key that names a prototype`;
      if (record.firstRevision !== first.revision || last.revision < head.revision)
        return `line ${index} turned the log back`;
      // Verifying what was read is part of reading it: it may say no, and may not throw.
      if (unsure === true)
        for (const event of record.events)
          checkLink({ revision: event.revision - 1, digest: event.previous }, event);
      head = { revision: last.revision, digest: last.digest };
    } else if (whole === undefined) {
      // A changed record that still is one may lose its revision as well.
      if (step._tag === "Void" && unsure === true) voided.add(step.record.events.at(-1).digest);
    } else {
      const follows = whole.firstRevision === head.revision + 1 && whole.previous === head.digest;
      if (follows) return `line ${index} is whole, follows, and was not taken (${step._tag})`;
      const claimsAgain = whole.firstRevision <= head.revision + 1;
      // What was written on top of a void record is void with it, in whatever distance from the head.
      const isVoid = step._tag === "Void" && (claimsAgain || voided.has(whole.previous));
      if (isVoid) voided.add(whole.digest);
      else if (!claimsAgain) return `line ${index} is whole and was lost`;
    }
    offset += bytes.length;
  }
  if (end.revision !== head.revision || end.digest !== head.digest) return "the head is not the last record";
  if (findings.some((found) => found.offset < 0 || found.offset + found.length > offset))
    return "a finding lies outside the log";
  return undefined;
};

const repeatedTo = (text, bytes) => Buffer.from(text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes));

/** The slowest logs we can think of, 64 KiB and 1 MiB in one line or in many. */
const worstCases = () => {
  const full = chain[0].line.toString("utf8").slice(0, 60);
  const shapes = {
    "record starts": (size) => repeatedTo('{"v":', size),
    "long record starts": (size) => repeatedTo(full, size),
    "record starts with a checksum": (size) =>
      Buffer.concat([repeatedTo(full, size - 19), Buffer.from(',"crc":"00000000"}\n')]),
    "open brackets": (size) => repeatedTo("[", size),
    "sealed open brackets": (size) => sealLine(`{"v":1,"a":${"[".repeat(size - 60)}}`),
    "sealed escapes": (size) => sealLine(`{"v":1,"a":"${"\\u0041".repeat(Math.floor(size / 6) - 10)}"}`),
    "line feeds": (size) => Buffer.alloc(size, 0x0a),
    markers: (size) => repeatedTo("<<<<<<< HEAD\n", size),
    "zero bytes": (size) => Buffer.alloc(size, 0),
    backslashes: (size) => repeatedTo("\\", size),
  };
  let [worstMs, worst] = [0, ""];
  for (const [name, make] of Object.entries(shapes))
    for (const size of [65_536, 1_048_000]) {
      const log = Buffer.concat([make(size), lineFeed]);
      // The best of three: the machine's other work is no figure of ours.
      const times = [0, 0, 0].map(() => {
        const from = performance.now();
        readLog(log);
        return performance.now() - from;
      });
      const ms = (Math.min(...times) * 65_536) / size;
      if (ms > worstMs) [worstMs, worst] = [ms, `${name}, ${size} bytes`];
    }
  return { worstMsPer64KiB: Number(worstMs.toFixed(2)), worst };
};

/** A line of 8 MiB is let go of in pieces; what stands behind it is found. */
const longLine = () => {
  const log = Buffer.concat([chain[0].line, Buffer.alloc(8 * 1_048_576, 0x78), lineFeed, chain[1].line]);
  const before = process.memoryUsage().arrayBuffers;
  const { head } = readLog(log);
  const grown = process.memoryUsage().arrayBuffers - before;
  return head.revision === chain[1].revision ? grown : undefined;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "Z1",
  name: "log-bytes",
  title: "hostile bytes in place of a log",
  unit: "lines",
  perPush: 1_000_000,
  longRun: 100_000_000,
  run: async (options) => {
    lines = 0;
    const grown = longLine();
    const worst = worstCases();
    const ran = await runCases(options, check, { units: () => lines });
    const polluted = Object.keys(Object.prototype).length > 0 || {}.polluted !== undefined;
    return {
      done: ran.done,
      failures: [
        ...ran.failures,
        ...(grown === undefined ? ["what follows a line of 8 MiB was not found"] : []),
        ...(polluted ? ["Object.prototype was changed"] : []),
      ],
      figures: { ...ran.figures, ...worst, bytesHeldForLongLine: grown },
    };
  },
};

/** One case again, for whoever looks into a failure. */
export const again = (seed, index) => check(seeded(seed, index));
