/**
 * F16, git's part: histories of real commits, merged by git with our driver, with its union of lines, and with nothing but
 * conflict markers; rebased and cherry-picked as well. One git merge merges several logs; what is counted are logs that the
 * driver merged.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { arrange, digestOfRecord, mergeCopies, readCopy } from "@mission-ledger/store-file";
import { choicesOf, judge, loadGenerator, shown } from "./merges/histories.mjs";
import { gitVersion, openRepository } from "./merges/repository.mjs";

const none = Buffer.alloc(0);
const logs = 24;
const bin = fileURLToPath(new URL("../../packages/cli/bin/mled.cjs", import.meta.url));
const cliDriver = `'${process.execPath}' '${bin}' merge-driver %O %A %B %P`;

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F16",
  name: "git-merges",
  title: "merges, rebases and cherry-picks by git, with the driver, with union, with markers",
  unit: "logs merged by git with the driver",
  perPush: 2_000,
  longRun: 60_000,
  skip: () => {
    if (process.platform === "win32") return "needs mkfifo";
    return gitVersion() < 2_038 ? "needs git 2.38 (merge-tree --write-tree)" : undefined;
  },
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const { growGraph, graphStream, lineInCopy, lineOf } = await loadGenerator(scratch);
    const repository = await openRepository(scratch);
    const { counts, git, asked, mergeTrees, filesAt } = repository;
    const mergedLogs = () => counts.driven - counts.refused;
    const worktree = path.join(scratch, "worktree");
    const failures = [];
    const figures = { histories: 0, "git merges": 0, rebases: 0, "cherry-picks": 0, "by the command": 0 };
    const target = (log) => `log-${log}/.mission-ledger/log/${graphStream}.jsonl`;
    const paths = Array.from({ length: logs }, (_, log) => target(log));
    const read = (bytes) => readCopy(bytes, graphStream, graphStream).records;
    const seen = (bytes) => shown(arrange(read(bytes)));

    /** Copies as a ledger publishes them. */
    const published = (lines) => {
      const ours = Buffer.concat(lines);
      const merged = mergeCopies({
        base: none,
        ours,
        theirs: none,
        stream: graphStream,
        encoded: graphStream,
      });
      if (merged._tag === "Refused") throw new Error(merged.why);
      return merged.bytes;
    };
    /** One log: what all branches go back to, and what each holds after its first and its second commit. */
    const growLog = (pick, branches) => {
      const records = growGraph(pick, { maxRecords: 12 });
      const line = () => [...lineOf(records[pick(records.length)])].map((record) => lineInCopy(record, pick));
      const base = pick(4) === 1 ? [] : line();
      const copies = Array.from({ length: branches }, () => {
        const first = pick(5) === 1 ? base : [...base, ...line()];
        return [published(first), published(pick(4) === 1 ? first : [...first, ...line()])];
      });
      return { records, base: published(base), copies };
    };
    const commit = (name, from, files) =>
      Buffer.concat([
        Buffer.from(`commit refs/heads/${name}\ncommitter rig <rig@example.org> 1700000000 +0000\ndata 0\n`),
        Buffer.from(from === undefined ? "" : `from ${from}\n`),
        ...files.flatMap((bytes, log) => [
          Buffer.from(`M 100644 inline ${paths[log]}\ndata ${bytes.length}\n`),
          bytes,
          Buffer.from("\n"),
        ]),
      ]);

    const history = async (index) => {
      const pick = choicesOf(seed, index);
      const branches = 2 + pick(index % 4 === 0 ? 7 : 3);
      const grown = Array.from({ length: logs }, () => growLog(pick, branches));
      const name = (branch) => `h${index}-${branch}`;
      const isTorn = index % 5 === 0;
      await asked(["fast-import", "--quiet"], {
        input: Buffer.concat([
          commit(
            name("base"),
            undefined,
            grown.map(({ base }) => base),
          ),
          ...Array.from({ length: branches }, (_, branch) => [
            commit(
              name(branch),
              `refs/heads/${name("base")}`,
              grown.map(({ copies }) => copies[branch][0]),
            ),
            commit(
              name(branch),
              undefined,
              grown.map(({ copies }) => copies[branch][1]),
            ),
          ]).flat(),
          commit(
            name("torn"),
            `refs/heads/${name("base")}`,
            grown.map(({ base }) => Buffer.concat([base, Buffer.from('{"v":1,"torn')])),
          ),
        ]),
      });
      const wrong = [];

      const inAnyOrder = async () => {
        const left = Array.from({ length: branches }, (_, branch) => name(branch));
        while (left.length > 1) {
          const [ours] = left.splice(pick(left.length), 1);
          const [theirs] = left.splice(pick(left.length), 1);
          const { tree, clean } = await mergeTrees(ours, theirs);
          figures["git merges"] += 1;
          if (!clean) wrong.push(`${ours} and ${theirs} conflict`);
          left.push(await asked(["commit-tree", tree, "-p", ours, "-p", theirs, "-m", "merge"]));
        }
        return left[0];
      };
      const [one, other] = [await inAnyOrder(), await inAnyOrder()];
      const [first, second] = await Promise.all(
        [one, other].map((at) => filesAt(paths.map((file) => `${at}:${file}`))),
      );
      for (const [log, bytes] of first.entries()) {
        const { records, copies, base } = grown[log];
        const all = Buffer.concat([base, ...copies.map(([, last]) => last)]);
        if (seen(bytes) !== seen(second[log])) wrong.push(`log ${log}: another order is read otherwise`);
        const held = (copy) => new Set(read(copy).map(({ record }) => digestOfRecord(record)));
        if (held(bytes).size !== held(all).size)
          wrong.push(`log ${log}: ${held(all).size - held(bytes).size} records are gone`);
        wrong.push(...judge(arrange(read(bytes)), records, lineOf).map((what) => `log ${log}: ${what}`));
      }

      const [ours, theirs] = [name(0), name(1)];
      const driven = await mergeTrees(ours, theirs);
      const exchanged = await mergeTrees(theirs, ours);
      if (driven.tree !== exchanged.tree) wrong.push("the other side gives another tree");
      const asUnion = await mergeTrees(ours, theirs, { mode: "union" });
      const asText = await mergeTrees(ours, theirs, { mode: "plain" });
      figures["git merges"] += 4;
      const results = await filesAt(
        [driven, asUnion, asText].flatMap(({ tree }) => paths.map((file) => `${tree}:${file}`)),
      );
      for (let log = 0; log < logs; log += 1) {
        const expected = seen(results[log]);
        if (seen(results[logs + log]) !== expected) wrong.push(`log ${log}: git's union is read otherwise`);
        if (seen(results[2 * logs + log]) !== expected)
          wrong.push(`log ${log}: conflict markers are read otherwise`);
      }

      if (isTorn) {
        const torn = await mergeTrees(ours, name("torn"));
        figures["git merges"] += 1;
        const changed = grown.flatMap(({ base, copies }, log) => (copies[0][1].equals(base) ? [] : [log]));
        if (torn.clean !== (changed.length === 0)) wrong.push("a torn copy was merged");
        const kept = await filesAt(changed.map((log) => `${torn.tree}:${paths[log]}`));
        for (const [at, log] of changed.entries())
          if (!kept[at].equals(grown[log].copies[0][1]))
            wrong.push(`log ${log}: a refused merge changed our copy`);
      }
      if (index % 3 === 0) wrong.push(...(await carriedOver(index, name, grown)));
      if (index % 100 === 0) {
        const byCommand = await mergeTrees(ours, theirs, { driven: cliDriver });
        if (byCommand.tree !== driven.tree) wrong.push("mled merge-driver gives another tree");
        figures["by the command"] += 1;
      }
      figures.histories += 1;
      return wrong;
    };

    /** Rebases one branch onto another, and picks its last commit alone, which carries the lines of the one before. */
    const carriedOver = async (index, name, grown) => {
      const wrong = [];
      const head = async () => filesAt(paths.map((file) => `${file}`).map((file) => `rig-head:${file}`));
      const holds = async (what, sides) => {
        await asked(["update-ref", "refs/heads/rig-head", "HEAD"], { cwd: worktree });
        for (const [log, bytes] of (await head()).entries())
          if (seen(bytes) !== seen(Buffer.concat(sides(grown[log]))))
            wrong.push(`log ${log}: a ${what} is read otherwise`);
      };
      if (index === 0) await asked(["worktree", "add", "--quiet", "--detach", worktree, name(0)]);
      await asked(["checkout", "--quiet", "--detach", name(0)], { cwd: worktree });
      const picked = await git(["cherry-pick", "--allow-empty", "--keep-redundant-commits", name(1)], {
        cwd: worktree,
      });
      if (picked.code !== 0) throw new Error(`cherry-pick: ${picked.stderr}`);
      figures["cherry-picks"] += 1;
      // A log that the picked commit does not change stays ours.
      await holds("cherry-pick", ({ copies: [[, ours], [before, theirs]] }) =>
        before.equals(theirs) ? [ours] : [ours, theirs],
      );

      const rebased = await git(["rebase", "--quiet", "--onto", name(0), name("base"), `${name(1)}^0`], {
        cwd: worktree,
      });
      if (rebased.code !== 0) throw new Error(`rebase: ${rebased.stderr}`);
      figures.rebases += 1;
      await holds("rebase", ({ base, copies: [[, ours], [before, theirs]] }) =>
        base.equals(before) && before.equals(theirs) ? [ours] : [ours, theirs],
      );
      return wrong;
    };

    const begun = performance.now();
    try {
      for (
        let index = 0;
        mergedLogs() < goal && performance.now() < deadline && failures.length < 20;
        index += 1
      ) {
        const where = `(history ${index} of seed ${seed})`;
        failures.push(...(await history(index)).map((what) => `${what} ${where}`));
        if (index % 10 === 9)
          note(`${mergedLogs()} logs merged by the driver, ${counts.processes} git processes`);
      }
    } catch (error) {
      failures.push(`${error.stack} (seed ${seed})`);
    }
    repository.close();
    const seconds = (performance.now() - begun) / 1_000;
    return {
      done: mergedLogs(),
      failures,
      figures: {
        ...figures,
        refused: counts.refused,
        "git processes": counts.processes,
        "logs/s": Math.round(mergedLogs() / seconds),
      },
    };
  },
};
