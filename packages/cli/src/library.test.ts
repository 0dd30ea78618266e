import { describe, expect, test } from "vitest";
import { LedgerError, openLedger, Refused } from "./index.ts";
import { scratch } from "./testing/session.ts";

const opened = async (now = { at: Date.parse("2026-03-01T10:00:00.000Z") }) => {
  const directory = scratch();
  const clock = { now: () => now.at };
  const ada = await openLedger({ directory, actor: "agent:ada", clock });
  const bob = await openLedger({ directory, actor: "agent:bob", clock });
  const mission = await ada.createMission({ slug: "passkeys", title: "Log in with passkeys" });
  const wp = await mission.addWorkPackage({
    id: "WP01",
    title: "Login form",
    owns: ["src/login/**"],
    subtasks: [],
  });
  return { now, ada, bob, mission, wp, other: bob.mission("passkeys").workPackage("WP01") };
};

describe("a program", () => {
  test("claims, works, hands over, and another one reviews", async () => {
    const { ada, bob, wp, other } = await opened();
    const claim = await wp.claim({ leaseFor: "2m" });
    expect(claim).toMatchObject({
      ref: "passkeys/WP01",
      holder: "agent:ada",
      fence: 1,
      kind: "implement",
      expiresAt: "2026-03-01T10:02:00.000Z",
    });
    const refused = await other.claim().catch((error: unknown) => error);
    expect(LedgerError.is(refused, "CLAIM_HELD")).toBe(true);
    expect((refused as Refused).details).toMatchObject({
      holder: "agent:ada",
      expiresAt: "2026-03-01T10:02:00.000Z",
    });
    await wp.move("in_progress", { claim });
    const receipt = await wp.move("for_review", { claim, evidence: { commit: "9c1f2ab" } });
    expect(receipt.readback).toBe("verified");
    expect(claim.signal.aborted).toBe(false);
    await claim.release();
    await expect(wp.startReview()).rejects.toMatchObject({ code: "SELF_REVIEW" });
    const review = await other.startReview();
    await other.submitReview({ verdict: "approved", claim: review, notes: "fine" });
    expect(await ada.engine.mission("passkeys").state()).toMatchObject({
      workPackages: { WP01: { lane: "approved", claim: null } },
    });
    await Promise.all([ada.close(), bob[Symbol.asyncDispose]()]);
  });

  test("loses its claim when the lease is over and somebody recovers it, and is told", async () => {
    const { now, wp, other } = await opened();
    const claim = await wp.claim({ leaseFor: 60_000, renew: false });
    now.at += 61_000;
    await other.recover("no sign of life");
    await other.claim({ renew: false });
    await expect(wp.move("in_progress", { claim })).rejects.toMatchObject({ code: "CLAIM_LOST" });
    await expect(claim.renew()).rejects.toBeInstanceOf(Refused);
    expect(claim.signal.aborted).toBe(true);
    await claim.release();
  });

  test("renews by itself while it is open, and the renewal of a lost claim aborts the work", async () => {
    const { now, wp, other } = await opened();
    const claim = await wp.claim({ leaseFor: 1_000 });
    now.at += 900;
    await expect.poll(() => claim.expiresAt).toBe("2026-03-01T10:00:01.900Z");
    // It may be renewed once more between the end of its lease and the end of the recovery, and is alive then.
    const recovered = async (): Promise<boolean> => {
      now.at += 10_000;
      return other.recover("gone").then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ code: "CLAIM_ALIVE" });
          return false;
        },
      );
    };
    await expect.poll(recovered).toBe(true);
    await expect.poll(() => claim.signal.aborted).toBe(true);
    await claim[Symbol.asyncDispose]();
  });

  test("leaving the scope gives the package back", async () => {
    const { ada, wp } = await opened();
    const claim = await wp.claim();
    await wp.move("in_progress", { claim });
    await claim[Symbol.asyncDispose]();
    expect(await ada.engine.mission("passkeys").state()).toMatchObject({
      workPackages: { WP01: { lane: "planned", claim: null } },
    });
  });

  test("ids and names that are no text are refused, and the log stays sound", async () => {
    const { ada, bob, mission } = await opened();
    const again = { id: "WP02", title: "Verify token" };
    for (const wrong of [
      { commandId: 5 },
      { commandId: "" },
      { correlationId: 5 },
      { expectedRevision: "2" },
    ])
      await expect(mission.addWorkPackage(again, wrong as never)).rejects.toThrow(TypeError);
    for (const slug of [undefined, null, 5, ["a"]])
      await expect(ada.createMission({ slug, title: "T" } as never)).rejects.toMatchObject({
        code: "INVALID_INPUT",
      });
    expect(await ada.engine.missions()).toEqual(["passkeys"]);
    await bob.mission("passkeys").addWorkPackage(again);
  });

  test("wrong lengths of time and two places at once are mistakes of the program", async () => {
    const { wp } = await opened();
    expect(() => wp.claim({ leaseFor: "soon" })).toThrow(TypeError);
    await expect(openLedger({ actor: "a", directory: "x", store: {} as never })).rejects.toThrow(TypeError);
  });
});
