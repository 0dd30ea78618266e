/** F16, our part: random histories of up to 8 branches, merged by our own three-way merge in random orders. */
import { arrange, mergeCopies, readCopy } from "@mission-ledger/store-file";
import { choicesOf, judge, loadGenerator, shown } from "./merges/histories.mjs";

const none = Buffer.alloc(0);

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F16",
  name: "merges",
  title: "three-way merges of up to 8 branches, in random orders",
  unit: "merges",
  perPush: 100_000,
  longRun: 1_000_000,
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const { growGraph, growCopies, graphStream, lineInCopy, lineOf } = await loadGenerator(scratch);
    const read = (bytes) => readCopy(bytes, graphStream, graphStream).records;
    const figures = { histories: 0, branches: 0, open: 0, demoted: 0, orphans: 0, "left the local chain": 0 };
    const failures = [];
    let done = 0;

    const merged = (ours, theirs, base) => {
      done += 1;
      const result = mergeCopies({ base, ours, theirs, stream: graphStream, encoded: graphStream });
      if (result._tag === "Refused") throw new Error(`refused: ${result.why}`);
      return result.bytes;
    };
    /** All copies into one, two at a time as they come. */
    const mergedInAnyOrder = (copies, pick) => {
      const left = [...copies];
      while (left.length > 1) {
        const [ours] = left.splice(pick(left.length), 1);
        const [theirs] = left.splice(pick(left.length), 1);
        left.push(merged(ours, theirs, pick(2) === 0 ? none : copies[0]));
      }
      return left[0];
    };
    /** As git leaves it without the driver: lines of both sides, with markers or without. */
    const unmerged = (copies, pick) =>
      pick(2) === 0
        ? Buffer.concat(copies)
        : Buffer.concat(
            copies.flatMap((copy) => [
              Buffer.from("<<<<<<< HEAD\n=======\n"),
              copy,
              Buffer.from(">>>>>>> topic\n"),
            ]),
          );

    const history = (pick) => {
      const records = growGraph(pick, { maxRecords: 10 });
      const copies = growCopies(records, pick).map((lines) => Buffer.concat(lines));
      const wrong = [];
      const result = mergedInAnyOrder(copies, pick);
      for (let order = 0; order < 4; order += 1)
        if (!mergedInAnyOrder(copies, pick).equals(result)) wrong.push("another order gives other bytes");
      const [ours, theirs] = copies;
      if (!merged(ours, theirs, none).equals(merged(theirs, ours, none)))
        wrong.push("the other side gives other bytes");
      if (!merged(result, ours, theirs).equals(result)) wrong.push("merging again changes the result");

      const arranged = arrange(read(result));
      wrong.push(...judge(arranged, records, lineOf));
      if (shown(arrange(read(unmerged(copies, pick)))) !== shown(arranged))
        wrong.push("without the driver it reads otherwise");

      const local = [...lineOf(records[pick(records.length)])];
      const arrived = [
        ...local.map((record) => lineInCopy(record, pick)),
        copies[pick(copies.length)],
        theirs,
      ];
      const taken = arrange(read(Buffer.concat(arrived)), {
        chain: new Set(local.map(({ digest }) => digest)),
      });
      const onChain = new Set(taken.chain.map(({ record }) => record.events.at(-1).digest));
      const named = new Set(
        records
          .filter(({ digest }) => onChain.has(digest))
          .flatMap(({ against }) => against.flatMap((end) => [...lineOf(end)].map(({ digest }) => digest))),
      );
      const gone = local.filter(({ digest }) => !onChain.has(digest));
      if (gone.some(({ digest }) => !named.has(digest))) wrong.push("a local record left the chain silently");

      figures.histories += 1;
      figures.branches += copies.length;
      figures.open += arranged.open.length;
      figures.demoted += arranged.demoted.length;
      figures.orphans += arranged.orphans.length;
      figures["left the local chain"] += gone.length;
      return wrong;
    };

    const begun = performance.now();
    for (let index = 0; done < goal && performance.now() < deadline && failures.length < 20; index += 1) {
      try {
        failures.push(
          ...history(choicesOf(seed, index)).map((what) => `${what} (history ${index} of seed ${seed})`),
        );
      } catch (error) {
        failures.push(`${error.stack} (history ${index} of seed ${seed})`);
      }
      if (index % 2_000 === 1_999) note(`${done} merges`);
    }
    const seconds = (performance.now() - begun) / 1_000;
    return { done, failures, figures: { ...figures, "merges/s": Math.round(done / seconds) } };
  },
};
