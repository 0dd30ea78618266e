/** F06: every errno at every call of every command: the documented code, a true outcome, nothing leaked, and it goes on. */
import { crashStream, simulatedDisk } from "@mission-ledger/testkit";
import { isFault, newHistory, operations } from "./disk/operations.mjs";

/** Source: durability rules, section 10. */
const codes = {
  ENOSPC: "STORAGE_FULL",
  EDQUOT: "STORAGE_FULL",
  EFBIG: "STORAGE_FULL",
  EIO: "STORAGE_ERROR",
  EROFS: "STORAGE_READ_ONLY",
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
  EMFILE: "RESOURCES_EXHAUSTED",
  ENFILE: "RESOURCES_EXHAUSTED",
  ENOMEM: "RESOURCES_EXHAUSTED",
  EINTR: "INTERNAL",
  ESTALE: "STORE_MISSING",
  ENOENT: "STORE_MISSING",
  ENOTDIR: "STORE_MISSING",
  EISDIR: "UNSAFE_FILE",
  ELOOP: "UNSAFE_FILE",
  ENAMETOOLONG: "INTERNAL",
};
const flushes = ["fdatasync", "fsync"];

/** A log that is said not to be there is believed: a conflict, or a log that cannot be made since it is there after all. */
const isDenied = (errno, call) => errno === "ENOENT" && ["open", "fstat"].includes(call);

/** The kind of lock is written anew by whoever finds none, so its flush is a write like any other. */
const isDraft = (path) => path.includes("/lock/kind.draft.");

const isDocumented = (code, errno, call, path) =>
  flushes.includes(call) && !isDraft(path)
    ? code === "DURABILITY_UNKNOWN"
    : code === codes[errno] ||
      (errno === "ENOENT" && code === "LOG_REPLACED") ||
      (isDenied(errno, call) && code === "INTERNAL");

/** A history, and what it was told by a fault of any kind. */
const attempt = async (operation, files, history) => {
  try {
    await operation.act(files, history);
    const { code, outcome } = history.view().faults.at(-1) ?? {};
    return { code, outcome, error: undefined };
  } catch (error) {
    return { code: error.code, outcome: error.outcome, error };
  }
};

/** One fault. Answers whether the operation made so many calls. */
const fail = async ({ operation, n, errno, figures, failures }) => {
  const disk = simulatedDisk();
  const history = newHistory();
  await operation.before(disk.process().files, history);
  let hit;
  const process = disk.process({
    intercept: (call) => {
      if (call.n !== n) return undefined;
      hit = call;
      return { _tag: "Errno", errno };
    },
  });
  const { code, outcome, error } = await attempt(operation, process.files, history);
  if (hit === undefined) return false;
  const where = `${operation.name}: ${errno} at call ${n}, ${hit.name} ${hit.path}`;
  const wrong = (text) => failures.push(`${where}: ${text}`);
  figures.faults += 1;
  if (error !== undefined && !isFault(error)) wrong(`an untyped error: ${error}`);
  for (const text of history.untyped)
    if (!(isDenied(errno, hit.name) && text.includes("a conflict"))) wrong(text);
  if (code === undefined) figures.absorbed += 1;
  else if (!isDocumented(code, errno, hit.name, hit.path)) wrong(`answered ${code}, ${outcome}`);
  if (process.descriptors > 0) wrong(`${process.descriptors} descriptors are left`);
  process.kill();
  const isSuspect = [crashStream, "mission-m"].some(
    (stream) => disk.bytesOf(`/data/ledger/lock/${stream}.suspect`) !== undefined,
  );
  if (isSuspect) {
    figures.suspect += 1;
    return true;
  }
  try {
    for (const text of await operation.check(disk.process().files, history)) wrong(text);
  } catch (thrown) {
    wrong(`afterwards ${thrown.stack ?? thrown}`);
  }
  return true;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F06",
  name: "errno",
  title: `${Object.keys(codes).length} errnos at every call`,
  unit: "faults",
  perPush: 5_000,
  longRun: 20_000,
  run: async ({ goal, deadline }) => {
    const figures = { faults: 0, absorbed: 0, suspect: 0, pairs: 0 };
    const failures = [];
    do {
      for (const operation of operations())
        for (const errno of Object.keys(codes))
          for (let n = 1; await fail({ operation, n, errno, figures, failures }); n += 1) {
            if (failures.length > 200) return { done: figures.faults, failures, figures };
          }
      figures.pairs ||= figures.faults;
    } while (figures.faults < goal && performance.now() < deadline && failures.length === 0);
    return { done: figures.faults, failures, figures };
  },
};
