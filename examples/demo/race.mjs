/** Four agents and two reviewers race through a mission; one agent dies; then everything that was promised is checked. */
import { fork } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import { memoryViews, projector } from "@mission-ledger/core";
import { board, claims, missionCategory, missionCodec, ready, reviews } from "@mission-ledger/core/mission";
import { LedgerError, openLedger } from "mission-ledger";
import { mled, mledJson } from "./mled.mjs";
import { fatalPackage, rejectedPackage, slug, title, workPackages } from "./plan.mjs";
import { bad, check, dim, heading, print, strong, tell } from "./story.mjs";

const crew = {
  ada: "implement",
  bob: "implement",
  cyd: "implement",
  dan: "implement",
  rita: "review",
  rex: "review",
};
const deadlineMs = 120_000;

export const raceThroughMission = async (store) => {
  const { engine: ledger } = await openLedger({ store, actor: "planner" });
  const mission = ledger.mission(slug);
  const receipts = [];
  const keep = ({ commandId, eventIds, readback }, actor) =>
    receipts.push({ commandId, eventIds, readback, actor });
  const create = { type: "CreateMission", slug, title, missionId: slug, dependencyMetAt: "approved" };
  keep(await mission.execute(create), "planner");
  keep(await mission.execute({ type: "AddWorkPackages", workPackages }), "planner");

  print(strong(title));
  print(
    `${workPackages.length} work packages, ${Object.keys(crew).length} processes, one ledger in ${store}`,
  );
  print(dim("Every line below was appended, flushed and read back before it was told.\n"));

  // Views kept live beside the race; at the end they are compared with a rebuild.
  const live = memoryViews();
  const liveProjectors = [board, ready, claims, reviews].map((projection) => ({
    projection,
    projector: projector({
      store: ledger.store,
      codec: missionCodec,
      projection,
      views: live,
      category: missionCategory,
    }),
  }));
  const following = new AbortController();
  const follow = liveProjectors.map(async ({ projector }) => {
    for await (const _ of projector.follow({ signal: following.signal }));
  });

  const news = await race(store, ledger, (receipt, actor) => keep(receipt, actor));
  following.abort();
  await Promise.all(follow);

  heading("The board");
  print((await mled("board", slug, "--store", store)).stdout.trimEnd());

  heading("What was promised, held against the log");
  const results = [];
  const hold = (holds, text) => {
    results.push(holds);
    check(holds, text);
  };
  const state = await mission.state();
  const all = Object.values(state.workPackages ?? {});
  hold(
    all.length === workPackages.length && all.every(({ lane }) => lane === "done"),
    `${all.length} of ${workPackages.length} work packages are done`,
  );

  let found = 0;
  for (const { commandId, eventIds, readback } of receipts) {
    const commit = await ledger.store.findCommand(mission.stream, commandId);
    const ids = commit?.events.map(({ id }) => id);
    if (readback === "verified" && isDeepStrictEqual(ids, eventIds)) found += 1;
  }
  hold(
    found === receipts.length && found > 0,
    `${found} of ${receipts.length} acknowledged receipts found in the log by their command id`,
  );

  const { view: judged } = await mission.view(reviews);
  const cycles = judged[rejectedPackage]?.cycles ?? [];
  const verdicts = cycles.map(({ verdict }) => verdict);
  hold(
    isDeepStrictEqual(verdicts, ["changes_requested", "approved"]),
    `${rejectedPackage} was rejected once and approved later`,
  );
  const selfReviews = Object.values(judged)
    .flatMap((one) => one.cycles)
    .filter(({ selfReview }) => selfReview);
  hold(
    selfReviews.length === 0,
    `nobody reviewed their own work (${news.selfReviewsRefused} tried and were refused)`,
  );

  const { view: held } = await mission.view(claims);
  const ofTheDead = held.recoveries.filter(
    ({ from, workPackageId }) => from === news.dead && workPackageId === fatalPackage,
  );
  hold(
    ofTheDead.length === 1 && news.ghostRefused,
    `${news.dead}'s claim was recovered once, by ${ofTheDead[0]?.by}, and its old fence opens nothing`,
  );

  const verified = await mledJson("verify", "--store", store);
  const { digests, chain } = verified.data ?? {};
  hold(
    verified.ok && digests.checked > 0 && digests.equal === digests.checked && chain.unbroken,
    `${digests?.equal} of ${digests?.checked} event digests computed again and equal, the chain unbroken`,
  );

  for (const { projection, projector: liveOne } of liveProjectors) {
    const { view, events } = await liveOne.catchUp();
    const fresh = projector({
      store: ledger.store,
      codec: missionCodec,
      projection,
      views: memoryViews(),
      category: missionCategory,
    });
    const rebuilt = await fresh.rebuild();
    hold(
      isDeepStrictEqual(view, rebuilt.view) && events === rebuilt.events,
      `the live ${projection.name.replace("mission-", "")} view equals its rebuild from ${rebuilt.events} events`,
    );
  }
  const rebuild = await mledJson("rebuild", "--dry-run", "--store", store);
  hold(rebuild.ok && rebuild.data.equal === true, "the stored views equal theirs");
  await ledger.close();

  const holds = results.every(Boolean) && news.finished;
  print();
  print(`${receipts.length} receipts, ${news.lost} races lost, 1 agent killed.  ${dim("Look around:")}`);
  for (const command of [`board ${slug}`, `log ${slug}/${fatalPackage}`, "verify"])
    print(dim(`  npx mled ${command} --store ${store}`));
  return holds;
};

/** Runs the crew until the mission is over; kills one agent on the way. */
const race = (store, ledger, keep) =>
  new Promise((resolve) => {
    const mission = ledger.mission(slug);
    const outcome = { finished: false, dead: undefined, ghostRefused: false, lost: 0, selfReviewsRefused: 0 };
    const running = new Map();
    let waiting = Object.keys(crew).length;
    let fatalFence;

    const end = (problem) => {
      clearTimeout(deadline);
      for (const child of running.values()) child.kill("SIGKILL");
      if (problem !== undefined) print(bad(problem));
      outcome.finished = problem === undefined;
      resolve(outcome);
    };
    const deadline = setTimeout(() => end(`not over after ${deadlineMs / 1000} s`), deadlineMs);

    /** Asks for something that must be refused. */
    const tryInVain = async (request, options, what, more) => {
      try {
        await mission.execute(request, options);
        tell({ ...more, what, refused: "nothing: it was done!" });
        return undefined;
      } catch (error) {
        if (!LedgerError.is(error)) throw error;
        tell({ ...more, what, refused: error.code });
        return error.code;
      }
    };

    const kill = async (actor) => {
      outcome.dead = actor;
      running.get(actor).kill("SIGKILL");
      tell({ actor, what: "kill", workPackageId: fatalPackage });
      const recover = { type: "RecoverClaim", workPackageId: fatalPackage, reason: "impatience" };
      await tryInVain(recover, {}, "early", { actor: "planner", workPackageId: fatalPackage });
    };

    /** The dead agent's last words arrive late, when somebody else has long been at work. */
    const haunt = async () => {
      const { dead } = outcome;
      const write = {
        type: "MoveWorkPackage",
        workPackageId: fatalPackage,
        to: "for_review",
        fence: fatalFence,
      };
      const code = await tryInVain(write, { actor: dead }, "ghost", {
        actor: dead,
        workPackageId: fatalPackage,
        fence: fatalFence,
      });
      outcome.ghostRefused = code === "CLAIM_LOST";
    };

    const hear = async (news) => {
      const { actor, what, wanted, refused, workPackageId, receipt, fence, kind } = news;
      if (what === "ready") {
        waiting -= 1;
        // A fair start: nobody runs before all are there.
        if (waiting === 0) for (const child of running.values()) child.send("go");
        return;
      }
      if (receipt !== undefined) keep(receipt, actor);
      tell(news);
      if (wanted === "claim" && refused === "CLAIM_HELD") outcome.lost += 1;
      if (refused === "SELF_REVIEW") outcome.selfReviewsRefused += 1;
      if (workPackageId !== fatalPackage) return;
      if (what === "claim" && kind === "implement") {
        if (outcome.dead === undefined) fatalFence = fence;
        else await haunt();
      }
      if (what === "subtask" && outcome.dead === undefined) await kill(actor);
    };

    for (const [actor, role] of Object.entries(crew)) {
      const child = fork(new URL("./agent.mjs", import.meta.url), [store, actor, role], { execArgv: [] });
      running.set(actor, child);
      child.on("message", (news) => {
        hear(news).catch((error) => end(`${actor}: ${error.stack}`));
      });
      child.once("exit", (code, signal) => {
        running.delete(actor);
        if (code !== 0 && !(actor === outcome.dead && signal === "SIGKILL"))
          end(`${actor} ended with ${code ?? signal}`);
        else if (running.size === 0) end();
      });
    }
  });
