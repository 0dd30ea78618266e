/** Two processes that send the same command at the same moment, over each server. */
import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { ledgerOver } from "@mission-ledger/core/mission";
import { expect, test } from "vitest";
import { planMission } from "../planned-mission.ts";
import { problemsOfStream, readWhole } from "../stores/chain.mjs";
import { describeTargets, type Ground } from "./targets.ts";

const rounds = 10;
const fewestRounds = 2;
/** Milliseconds. */
const startsForMs = 60_000;
const leadMs = 60;

type Answer =
  | {
      readonly _tag: "Receipt";
      readonly eventIds: readonly string[];
      readonly revision: number;
      readonly digest: string;
      readonly repeated: boolean;
      readonly readback: string;
    }
  | {
      readonly _tag: "Fault";
      readonly code: string;
      readonly outcome: string;
      readonly retryable: boolean;
    };

const start = (place: string, children: ChildProcess[]): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = fork(path.join(import.meta.dirname, "workers/same-command.mjs"), [place], { execArgv: [] });
    children.push(child);
    child.once("message", () => resolve(child));
    child.once("exit", (code) => reject(new Error(`it ended with ${code} before the first command`)));
  });

const ask = (child: ChildProcess, message: object): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const died = (code: number | null): void => reject(new Error(`it ended with ${code} over a command`));
    child.once("exit", died);
    child.once("message", (answer) => {
      child.off("exit", died);
      resolve(answer as Answer);
    });
    child.send(message);
  });

const slug = "twins";
const requestOf = (round: number): object => ({
  type: "ClaimWorkPackage",
  workPackageId: `WP${round + 1}`,
  kind: "implement",
  leaseMs: 3_600_000,
});

const begin = async ({ open, place }: Ground): Promise<string> => {
  const at = place();
  const ledger = ledgerOver({ store: await open(at), actor: "planner" });
  const packages = Array.from({ length: rounds }, (_, round) => ({
    workPackageId: `WP${round + 1}`,
    title: `Both want ${round + 1}`,
  }));
  await planMission(ledger, slug, "Twins", packages);
  await ledger.close();
  return at;
};

describeTargets("one command from two processes at once", (ground) => {
  test("is there once; each has its receipt, at once or by asking again", async () => {
    const { open, wire, mayVanish, share } = ground();
    const place = await begin(ground());
    if (mayVanish) await wire?.interruptEvery(1_000);
    const children: ChildProcess[] = [];
    const counts = { first: 0, repeated: 0, unknown: 0 };
    const receipts = new Map<string, Answer & { readonly _tag: "Receipt" }>();
    try {
      const twins = await Promise.all([start(place, children), start(place, children)]);
      const begun = performance.now();
      let run = 0;
      for (; run < rounds * share && performance.now() - begun < startsForMs; run += 1) {
        const commandId = `both:${run}`;
        const command = { slug, request: requestOf(run), commandId };
        const at = Date.now() + leadMs;
        const answers = await Promise.all(twins.map((twin) => ask(twin, { ...command, at })));
        for (const answer of answers) {
          if (answer._tag === "Fault") {
            expect(answer, commandId).toMatchObject({ retryable: true });
            // On a server that is away it may be certain that nothing was written; here nothing else but "unknown" is.
            if (!mayVanish) expect(answer.outcome, commandId).toBe("unknown");
            counts.unknown += 1;
          } else counts[answer.repeated ? "repeated" : "first"] += 1;
        }
        const given = answers.filter((answer) => answer._tag === "Receipt");
        const news = given.filter(({ repeated }) => !repeated);
        expect(news.length, `${commandId}: ${JSON.stringify(answers)}`).toBeLessThanOrEqual(1);
        if (given.length === 2) expect(news, `${commandId}: ${JSON.stringify(answers)}`).toHaveLength(1);
        const later = await Promise.all(twins.map((twin) => ask(twin, { ...command, persists: true })));
        const all = [...given, ...later];
        for (const answer of all)
          expect(answer, commandId).toMatchObject({ _tag: "Receipt", readback: "verified" });
        const [receipt] = later as [Answer & { readonly _tag: "Receipt" }];
        for (const answer of all)
          expect(answer, commandId).toMatchObject({
            eventIds: receipt.eventIds,
            revision: receipt.revision,
            digest: receipt.digest,
          });
        receipts.set(commandId, receipt);
      }
      expect(run).toBeGreaterThanOrEqual(fewestRounds);
    } finally {
      for (const child of children) child.kill("SIGKILL");
    }
    const interruptions = (await wire?.calm()) ?? 0;
    const store = await open(place);
    const events = await readWhole(store, `mission-${slug}`);
    await store.close();
    expect(problemsOfStream(`mission-${slug}`, events)).toEqual([]);
    for (const [commandId, { eventIds }] of receipts)
      expect(events.filter((event) => event.commandId === commandId).map(({ id }) => id)).toEqual(eventIds);
    console.log(
      `one command from two processes: ${receipts.size} rounds, ${JSON.stringify(counts)}, ${interruptions} interruptions`,
    );
  });
});

describeTargets(
  "one command twice in one process",
  (ground) => {
    test("is sent to the server once", async () => {
      const { open, place, wire } = ground();
      const at = place();
      const ledger = ledgerOver({ store: await open(at), actor: "planner" });
      await planMission(ledger, slug, "Twins", [{ workPackageId: "WP1", title: "Once" }]);
      const appends = async () => (await wire?.calls())?.get("Streams/Append") ?? 0;
      const before = await appends();
      const claim = {
        type: "ClaimWorkPackage",
        workPackageId: "WP1",
        kind: "implement",
        leaseMs: 1_000,
      } as const;
      const receipts = await Promise.all(
        Array.from({ length: 8 }, () => ledger.mission(slug).execute(claim, { commandId: "once" })),
      );
      expect(receipts.filter(({ repeated }) => !repeated)).toHaveLength(1);
      expect(await appends()).toBe(before + 1);
      await ledger.close();
    });
  },
  // Where the server goes away the same append is sent again, and rightly so.
  ({ name }) => name === "the wire server",
);
