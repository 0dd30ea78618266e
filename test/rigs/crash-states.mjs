/** F04: every disk that a power cut can leave of a few commands, then long histories drawn from seeds. */
import { crashLives, drawCrashes, exploreCrashes } from "@mission-ledger/testkit";
import { coreSeconds, failureText, look, openOn } from "./disk/ledger.mjs";

/** Of the distinct states of the exhaustive part, each so manieth is judged by a store; of a long run each one. */
const judgeEveryPerPush = 16;

const enumerate = async ({ judgeEvery, isOver, figures, failures, note }) => {
  for (const [name, lives] of Object.entries(crashLives)) {
    const report = await exploreCrashes({
      open: openOn,
      look,
      lives,
      judgeEvery,
      isOver,
      isSettled: true,
      mostFailures: 5,
    });
    failures.push(...report.failures.map((failure) => `lives ${name}: ${failureText(failure)}`));
    if (!report.isExhaustive && report.failures.length === 0 && !isOver())
      failures.push(`lives ${name}: not all states`);
    // A ledger that is just being made: names in every order, files lost or kept whole.
    const begun = await exploreCrashes({
      open: openOn,
      look,
      lives,
      judgeEvery,
      isOver,
      grain: "whole files",
      mostFailures: 5,
    });
    failures.push(...begun.failures.map((failure) => `new ledger, lives ${name}: ${failureText(failure)}`));
    figures.enumerated += begun.states;
    figures.distinct += begun.distinct;
    figures.judged += begun.judged;
    figures.enumerated += report.states;
    figures.distinct += report.distinct;
    figures.judged += report.judged;
    figures["left for repair"] += report.leftForRepair;
    note(`${name}: ${report.states} states, ${report.distinct} distinct, ${report.judged} judged`);
  }
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F04",
  name: "crash-states",
  title: "unflushed bytes lost, pages lost, renames reordered",
  unit: "crash states",
  perPush: 1_000_000,
  longRun: 100_000_000,
  run: async ({ goal, deadline, seed, note }) => {
    const figures = {
      enumerated: 0,
      distinct: 0,
      drawn: 0,
      "distinct drawn": 0,
      judged: 0,
      histories: 0,
      "left for repair": 0,
    };
    const failures = [];
    const begun = coreSeconds();
    const judgeEvery = goal <= rig.perPush ? judgeEveryPerPush : 1;
    // At most half of the time: the seeds want theirs.
    const half = performance.now() + (deadline - performance.now()) / 2;
    const isOverHalf = () => performance.now() > half;
    await enumerate({ judgeEvery, isOver: isOverHalf, figures, failures, note });
    if (isOverHalf()) note("not all states were enumerated: give it more minutes");
    const enumerating = coreSeconds() - begun;
    let next = seed;
    const isOver = () => figures.enumerated + figures.drawn >= goal || performance.now() > deadline;
    while (!isOver() && failures.length === 0) {
      const report = await drawCrashes({ open: openOn, look, seed: next });
      next += 1;
      figures.drawn += report.states;
      figures["distinct drawn"] += report.distinct;
      figures.judged += report.judged;
      figures.histories += 1;
      figures["left for repair"] += report.leftForRepair;
      failures.push(...report.failures.map(failureText));
    }
    const drawing = coreSeconds() - begun - enumerating;
    return {
      done: figures.enumerated + figures.drawn,
      failures,
      figures: {
        ...figures,
        "enumerated/core-second": Math.round(figures.enumerated / enumerating),
        "drawn/core-second": Math.round(figures.drawn / Math.max(0.001, drawing)),
      },
    };
  },
};
