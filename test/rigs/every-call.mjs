/** F02: the process dies before and after every call of every command; then with the power as well. */
import { crashStates, crashStream, seededRandomness, simulatedDisk } from "@mission-ledger/testkit";
import { look } from "./disk/ledger.mjs";
import { newHistory, operations } from "./disk/operations.mjs";
import { rewritingOperations } from "./disk/rewriting.mjs";

/** Power cuts drawn after each death. */
const cuts = 6;
/** No operation makes so many calls. */
const mostCalls = 2_000;

const check = async (operation, disk, history, where, failures) => {
  try {
    const wrong = await operation.check(disk.process().files, history);
    failures.push(...wrong.map((what) => `${operation.name}: ${what} (${where})`));
  } catch (error) {
    failures.push(`${operation.name}: ${error.stack ?? error} (${where})`);
  }
};

/** One death. Answers whether it came to it before the operation was over. */
const die = async ({ operation, n, when, fraction, figures, failures }) => {
  const disk = simulatedDisk();
  const history = newHistory();
  await operation.before(disk.process().files, history);
  if (operation.isSettled) disk.sync();
  const process = disk.process({
    intercept: (call) => (call.n === n ? { _tag: "Dies", when } : undefined),
  });
  const isAlive = () => process.isAlive;
  try {
    await operation.act(process.files, history, isAlive);
  } catch (error) {
    if (process.isAlive) failures.push(`${operation.name}: ${error} without a fault (call ${n})`);
  }
  const hasDied = !process.isAlive;
  if (!hasDied) process.kill();
  const where = `died ${when} call ${n}`;
  const states = crashStates();
  const snapshot = disk.snapshot();
  const left = Array.from({ length: operation.diesAlone ? 0 : cuts }, () => {
    const state = states.draw(snapshot, fraction);
    return { disk: state.mount(), where: `${where}, power cut: ${state.describe()}` };
  });
  // What the check does on one disk must not be known on the next: each begins with what was known at the death.
  await check(operation, disk, history, where, failures);
  // A record whose last byte is a NUL is damage that a cut may leave, for somebody to repair.
  for (const cut of left)
    if (
      [crashStream, "mission-m"].some((stream) => look(cut.disk.process().files, stream).problems.length > 0)
    )
      figures["left for repair"] += 1;
    else await check(operation, cut.disk, history, cut.where, failures);
  figures["power cuts"] += left.length;
  return hasDied;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F02",
  name: "every-call",
  title: "death before and after every call of every command",
  unit: "deaths",
  perPush: 2_000,
  longRun: 50_000,
  run: async ({ goal, deadline, seed }) => {
    const { fraction } = seededRandomness(seed);
    const figures = { operations: 0, calls: 0, "power cuts": 0, "left for repair": 0 };
    const failures = [];
    let done = 0;
    for (let round = 0; round === 0 || (done < goal && performance.now() < deadline); round += 1) {
      for (const operation of [...operations(), ...rewritingOperations()])
        for (let n = 1; n <= mostCalls && failures.length === 0; n += 1) {
          const died = [];
          for (const when of ["before", "after"])
            died.push(await die({ operation, n, when, fraction, figures, failures }));
          done += died.filter(Boolean).length;
          if (!died.includes(true)) {
            if (round === 0) {
              figures.operations += 1;
              figures.calls += n - 1;
            }
            break;
          }
        }
      if (failures.length > 0) break;
    }
    return { done, failures, figures };
  },
};
