/**
 * Z11: triples of files, damaged, forged and random, through the merge driver in this process. An accepted triple is held to
 * a reading of its lines that shares no code with ours.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { mergeCopies } from "@mission-ledger/store-file";
import { runLedger } from "mission-ledger/cli";
import { choicesOf, loadGenerator } from "./merges/histories.mjs";
import { mutations } from "./merges/mutations.mjs";

const kinds = Object.keys(mutations);
/** Triples of one history; making it costs more than a merge. */
const triplesPerHistory = 40;
/** One in so many goes through the command and real files. */
const byCommand = 50;

/** What a line is, read without our parser: the digest of a record's last event, a fragment, or nothing sound. */
const kindOf = (line) => {
  const text = line.toString("latin1");
  if (text.endsWith(" #torn")) return { fragment: text };
  const end = line.length - 18;
  if (
    end <= 0 ||
    text.slice(end) !== `,"crc":"${crc32(line.subarray(0, end)).toString(16).padStart(8, "0")}"}`
  )
    return {};
  try {
    const { v, events } = JSON.parse(line.toString("utf8"));
    return v === 1 ? { digest: events.at(-1).digest } : {};
  } catch {
    return {};
  }
};

/** The lines of a copy without byte order marks and carriage returns; `undefined` if it does not end with LF. */
const linesOf = (bytes) => {
  const lines = bytes.toString("latin1").split("\n");
  const tail = lines.pop().replace(/^\u00ef\u00bb\u00bf/, "");
  if (tail !== "") return undefined;
  return lines.map((line) =>
    Buffer.from(line.replace(/^\u00ef\u00bb\u00bf/, "").replace(/\r+$/, ""), "latin1"),
  );
};

/** What is wrong with a result that was accepted. */
const judge = (sides, base, result) => {
  const wrong = [];
  if (linesOf(base)?.every((line) => Object.keys(kindOf(line)).length > 0) !== true)
    wrong.push("the base is not sound");
  const [digests, fragments, known] = [new Set(), new Set(), new Set()];
  for (const side of sides)
    for (const line of linesOf(side) ?? [Buffer.from("torn")]) {
      const { digest, fragment } = kindOf(line);
      known.add(line.toString("latin1"));
      if (digest !== undefined) digests.add(digest);
      else if (fragment !== undefined) fragments.add(fragment);
      else wrong.push(`accepted ${JSON.stringify(line.toString("latin1").slice(0, 80))}`);
    }
  const lines = linesOf(result) ?? [];
  for (const line of lines) {
    const { digest, fragment } = kindOf(line);
    if (!known.has(line.toString("latin1"))) wrong.push("a line that neither side had");
    if (!(digests.delete(digest) || fragments.delete(fragment)))
      wrong.push("a line twice, or out of nowhere");
  }
  if (digests.size + fragments.size > 0)
    wrong.push(`${digests.size} records and ${fragments.size} fragments are gone`);
  return wrong;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "Z11",
  name: "driver-triples",
  title: "merge driver: damaged, forged and random triples",
  unit: "triples",
  perPush: 20_000,
  longRun: 1_000_000,
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const { growGraph, growCopies, graphStream } = await loadGenerator(scratch);
    const folder = path.join(scratch, "files");
    mkdirSync(folder);
    const target = `.mission-ledger/log/${graphStream}.jsonl`;
    const figures = { merged: 0, refused: 0, "by the command": 0, "slowest ms": 0 };
    const failures = [];
    let done = 0;

    const merge = (base, ours, theirs) =>
      mergeCopies({ base, ours, theirs, stream: graphStream, encoded: graphStream });
    const told = (result) => (result._tag === "Merged" ? result.bytes.toString("latin1") : result.kind);

    const command = async (triple, result) => {
      const files = ["base", "ours", "theirs"].map((name) => path.join(folder, name));
      for (const [at, bytes] of triple.entries()) writeFileSync(files[at], bytes);
      let said = "";
      const sink = {
        write: (chunk) => {
          said += chunk;
          return true;
        },
      };
      const exit = await runLedger(["merge-driver", ...files, target], {
        stdout: sink,
        stderr: sink,
        cwd: scratch,
        env: {},
      });
      figures["by the command"] += 1;
      const left = readFileSync(files[1]);
      const isRight =
        result._tag === "Merged"
          ? exit === 0 && said === "" && left.equals(result.bytes)
          : exit === 1 && said.startsWith("MERGE_REFUSED: ") && left.equals(triple[1]);
      return isRight && readdirSync(folder).length === 3
        ? []
        : [`the command ended with ${exit} and said ${JSON.stringify(said)}`];
    };

    const triple = async (copies, pick, index) => {
      const names = Array.from({ length: 3 }, () => (pick(2) === 0 ? kinds[0] : kinds[pick(kinds.length)]));
      const whole = Array.from({ length: 3 }, () => copies[pick(copies.length)]);
      const [base, ours, theirs] = names.map((name, at) =>
        mutations[name](whole[at], pick, whole[(at + 1) % 3]),
      );
      const begun = performance.now();
      const result = merge(base, ours, theirs);
      figures["slowest ms"] = Math.max(figures["slowest ms"], Math.round(performance.now() - begun));
      const wrong = [];
      if (told(merge(base, ours, theirs)) !== told(result)) wrong.push("a second time it is another result");
      const exchanged = merge(base, theirs, ours);
      if (exchanged._tag !== result._tag) wrong.push("refused from one side only");
      if (result._tag === "Merged") {
        figures.merged += 1;
        if (!exchanged.bytes.equals(result.bytes)) wrong.push("the other side gives other bytes");
        wrong.push(...judge([ours, theirs], base, result.bytes));
        if (told(merge(ours, result.bytes, theirs)) !== told(result))
          wrong.push("merging again changes the result");
      } else {
        figures.refused += 1;
        if (names.every((name) => name === kinds[0])) wrong.push(`refused sound copies: ${result.why}`);
      }
      if (index % byCommand === 0) wrong.push(...(await command([base, ours, theirs], result)));
      return wrong.map((what) => `${what} (${names.join(" / ")})`);
    };

    const begun = performance.now();
    for (let index = 0; done < goal && performance.now() < deadline && failures.length < 20; index += 1) {
      const pick = choicesOf(seed, index);
      const copies = growCopies(growGraph(pick, { maxRecords: 6 }), pick).map((lines) =>
        Buffer.concat(lines),
      );
      for (let at = 0; at < triplesPerHistory; at += 1) {
        const where = `history ${index}, triple ${at} of seed ${seed}`;
        try {
          failures.push(...(await triple(copies, pick, done)).map((what) => `${what}: ${where}`));
        } catch (error) {
          failures.push(`${error.stack}: ${where}`);
        }
        done += 1;
      }
      if (index % 500 === 499) note(`${done} triples`);
    }
    if (Object.prototype.x !== undefined) failures.push("a prototype was changed");
    const seconds = (performance.now() - begun) / 1_000;
    return { done, failures, figures: { ...figures, "triples/s": Math.round(done / seconds) } };
  },
};
