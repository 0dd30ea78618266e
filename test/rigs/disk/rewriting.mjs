/** Operations that write logs and copies anew, for the rig that lets a process die at every call. See `operations.mjs`. */
import {
  forksOf,
  mergeCopies,
  mergeCopyFiles,
  publishCopies,
  reconcileStream,
  repairStream,
} from "@mission-ledger/store-file";
import { crashStream, History, judgeStore, linuxOpenFlags, seededRandomness } from "@mission-ledger/testkit";
import { directory, openOn } from "./ledger.mjs";

const stream = crashStream;
const logPath = `${directory}/log/${stream}.jsonl`;
const publishTo = "/data/tree/.mission-ledger";
const copyPath = `${publishTo}/log/${stream}.jsonl`;
const goodPath = "/data/good.jsonl";
const elsewhere = "/data/elsewhere";
const merging = { base: "/data/base", ours: "/data/ours", theirs: "/data/theirs", target: copyPath };
const alive = () => true;
let draws = 0;
/** Each process draws other names. */
const ports = (files) => {
  draws += 1;
  return { files, randomness: seededRandomness(1_000_000 + draws) };
};

const readFile = (files, name) => {
  const fd = files.open(name, 0);
  const bytes = Buffer.alloc(files.fstat(fd).size);
  files.read(fd, bytes, 0, bytes.length, 0);
  files.close(fd);
  return bytes;
};

const writeFile = (files, name, bytes) => {
  const parts = name.split("/").slice(1, -1);
  for (const [index] of parts.entries()) {
    const folder = `/${parts.slice(0, index + 1).join("/")}`;
    if (files.lstat(folder) === undefined) files.mkdir(folder, 0o700);
  }
  const { O_WRONLY, O_CREAT, O_TRUNC } = linuxOpenFlags;
  const fd = files.open(name, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
  files.write(fd, bytes, 0, bytes.length, 0);
  files.close(fd);
};

const run = async (files, history, command, options, isAlive = alive, tries = 1) => {
  const store = await openOn(files, options);
  await store.prepare?.(stream);
  if (await history.run(store, command, isAlive, tries)) await store.publish?.(stream);
  await store.close();
};

const commandsIn = async (files) => {
  const store = await openOn(files);
  const found = [];
  for await (const batch of store.read(stream)) found.push(...batch.map(({ commandId }) => commandId));
  await store.close();
  return found;
};

const judge = async (files, history) => {
  const store = await openOn(files);
  const { breaches } = await judgeStore(store, history.view(), () => false);
  await store.close();
  return breaches.map(({ check, what }) => `${check}: ${what}`);
};

const twoRecords = async (files, history) => {
  await run(files, history, { commandId: "c1" });
  await run(files, history, { commandId: "c2", events: 2 });
};

/** Repaired again by whoever comes next, the log holds what was acknowledged. */
const repairing = (name, damage, options = {}) => {
  const act = (files) => repairStream({ directory, stream, ...ports(files), ...options });
  return {
    name,
    isSettled: true,
    before: async (files, history) => {
      await twoRecords(files, history);
      damage(files);
    },
    act,
    check: async (files, history) => {
      await act(files);
      return judge(files, history);
    },
  };
};

const publish = (files) => publishCopies({ directory, publishTo, ...ports(files) });

/** A ledger, and the copy of another one that went on from its first record. */
const arrived = async (files, history, here) => {
  writeFile(files, `${publishTo}/.gitattributes`, Buffer.from("log/*.jsonl -text merge=mission-ledger\n"));
  await run(files, history, { commandId: "c1" }, { publishTo });
  const [wholeCopy, view] = [readFile(files, copyPath), history.view()];
  const away = "/data/away/.mission-ledger";
  writeFile(files, `${away}/.gitattributes`, Buffer.from("x\n"));
  writeFile(files, `${away}/log/${stream}.jsonl`, wholeCopy);
  await publishCopies({ directory: elsewhere, publishTo: away, ...ports(files) });
  await run(files, new History(view), { commandId: "b2" }, { directory: elsewhere, publishTo: away });
  const theirs = readFile(files, `${away}/log/${stream}.jsonl`);
  for (const commandId of here) await run(files, history, { commandId }, { publishTo });
  return { base: wholeCopy, ours: readFile(files, copyPath), theirs };
};

const branches = ({ base, ours, theirs }) => Buffer.concat([ours, theirs.subarray(base.length)]);

const expectCommands = async (files, wanted) => {
  const found = (await commandsIn(files)).join();
  return found === wanted.join() ? [] : [`the stream has ${found} for ${wanted.join()}`];
};

const reconcile = (files) =>
  reconcileStream({
    directory,
    stream,
    winner: "local",
    actor: "torturer",
    commandId: "decide",
    ...ports(files),
  });

const mergeFiles = (files) => mergeCopyFiles({ ...merging, ...ports(files) });

export const rewritingOperations = () => [
  repairing("repair what only looks otherwise", (files) => {
    const bytes = readFile(files, logPath);
    const end = bytes.indexOf(10);
    writeFile(
      files,
      logPath,
      Buffer.concat([bytes.subarray(0, end), Buffer.from("\r"), bytes.subarray(end)]),
    );
  }),
  repairing(
    "repair from another copy",
    (files) => {
      const bytes = readFile(files, logPath);
      writeFile(files, goodPath, bytes);
      bytes[20] ^= 1;
      writeFile(files, logPath, bytes);
    },
    { from: goodPath },
  ),
  repairing("recover after a failed flush", (files) =>
    writeFile(files, `${directory}/lock/${stream}.suspect`, Buffer.from("-\n")),
  ),
  {
    name: "publish",
    isSettled: true,
    before: async (files, history) => {
      writeFile(files, `${publishTo}/.gitattributes`, Buffer.from("x\n"));
      await run(files, history, { commandId: "c1" }, { publishTo });
    },
    act: (files, history, isAlive) =>
      run(files, history, { commandId: "c2", events: 2 }, { publishTo }, isAlive),
    check: async (files, history) => {
      const wrong = await judge(files, history);
      await publishCopies({ directory, publishTo, anew: true, ...ports(files) });
      const isAlike = readFile(files, copyPath).equals(
        Buffer.from(
          readFile(files, logPath)
            .toString("latin1")
            .split(/(?<=\n)/)
            .filter((line) => line.endsWith("}\n"))
            .join(""),
          "latin1",
        ),
      );
      return isAlike || wrong.length > 0 ? wrong : ["the copy is not what the log is"];
    },
  },
  {
    name: "take in",
    isSettled: true,
    before: async (files, history) => {
      const { theirs } = await arrived(files, history, []);
      writeFile(files, copyPath, theirs);
    },
    act: publish,
    check: async (files) => {
      await publish(files);
      return expectCommands(files, ["c1", "b2"]);
    },
  },
  {
    name: "reconcile",
    isSettled: true,
    before: async (files, history) => {
      writeFile(files, copyPath, branches(await arrived(files, history, ["c2"])));
      await publish(files);
    },
    act: reconcile,
    check: async (files) => {
      await reconcile(files);
      const wrong = await expectCommands(files, ["c1", "c2", "decide"]);
      const forks = forksOf({ directory, stream, files });
      return forks.length === 0 ? wrong : [...wrong, "the fork is still open"];
    },
  },
  {
    name: "merge driver",
    isSettled: true,
    // Git gives it a temporary file, and forgets it with the power.
    diesAlone: true,
    before: async (files, history) => {
      const copies = await arrived(files, history, ["c2"]);
      for (const [name, bytes] of Object.entries(copies)) writeFile(files, merging[name], bytes);
      writeFile(files, goodPath, copies.ours);
    },
    act: async (files) => mergeFiles(files),
    check: async (files) => {
      const copies = [merging.base, goodPath, merging.theirs].map((name) => readFile(files, name));
      const [base, ours, theirs] = copies;
      const merged = mergeCopies({ base, ours, theirs, stream, encoded: stream });
      const now = readFile(files, merging.ours);
      return now.equals(ours) || now.equals(merged.bytes) ? [] : ["what stands there is neither copy"];
    },
  },
];
