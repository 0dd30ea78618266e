import { type EventStore, openMemoryStore, StoreFault, systemRandomness } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { fakeMachine } from "../testing/fake-machine.ts";
import { type ManualTime, manualTime } from "../testing/manual-time.ts";
import { scratch } from "../testing/session.ts";
import { hostId } from "../workplace/places.ts";
import { ownProgram } from "../workplace/program.ts";
import { createMission } from "./mission.ts";

const minute = 60_000;

/** A ledger in memory with a package, in the hands of a program on a machine of its own. */
const opened = async () => {
  const time: ManualTime = manualTime();
  const memory = openMemoryStore();
  let isReachable = true;
  /** The store does not even answer. */
  let isSilent = false;
  const guarded = <A>(ask: () => Promise<A>): Promise<A> => {
    if (isSilent) return new Promise(() => {});
    return isReachable
      ? ask()
      : Promise.reject(
          new StoreFault("STORE_UNAVAILABLE", "nobody answers", { outcome: "not_written", retryable: true }),
        );
  };
  const store: EventStore = {
    ...memory,
    append: (request) => guarded(() => memory.append(request)),
    head: (stream) => guarded(() => memory.head(stream)),
  };
  const engine = ledgerOver({ store, actor: "ada", clock: time.clock });
  const machine = fakeMachine();
  const context = {
    engine,
    actor: "ada",
    randomness: systemRandomness,
    at: null,
    cwd: scratch(),
    timers: time.timers,
    machine,
  };
  const mission = await createMission(context, { slug: "p", title: "P" });
  const wp = await mission.addWorkPackage({ id: "WP01", title: "One" });
  const renewals = async (): Promise<number> => {
    let count = 0;
    for await (const batch of engine.mission("p").history())
      count += batch.filter(({ type }) => type === "ClaimRenewed").length;
    return count;
  };
  const takenByBob = async (): Promise<void> => {
    await wp.recover("it sleeps", { actor: "bob" });
    await wp.claim({ actor: "bob", renew: false, leaseFor: "1h" });
  };
  return {
    time,
    wp,
    machine,
    renewals,
    takenByBob,
    cut: () => {
      isReachable = false;
    },
    silence: () => {
      isSilent = true;
    },
  };
};

describe("a claim of a program", () => {
  test("names the program that holds it", async () => {
    const { wp, machine } = await opened();
    const claim = await wp.claim();
    expect(claim.receipt.events[0]).toMatchObject({
      workplace: { host: hostId(machine), program: ownProgram(machine) },
    });
    await claim.release();
  });

  test("renews itself while it is open, three times per lease", async () => {
    const { time, wp, renewals } = await opened();
    const claim = await wp.claim({ leaseFor: 3 * minute });
    await time.pass(10 * minute);
    expect(await renewals()).toBeGreaterThanOrEqual(9);
    expect(Date.parse(claim.expiresAt)).toBeGreaterThan(time.clock.now() + minute);
    expect(claim.signal.aborted).toBe(false);
    await claim.release();
    const before = await renewals();
    await time.pass(10 * minute);
    expect(await renewals()).toBe(before);
  });

  test("is not renewed where that was not wanted, and can be renewed by hand", async () => {
    const { time, wp, renewals } = await opened();
    const claim = await wp.claim({ leaseFor: minute, renew: false });
    await time.pass(2 * minute);
    expect(await renewals()).toBe(0);
    await claim.renew();
    expect(await renewals()).toBe(1);
  });

  test("aborts its signal when somebody recovered it", async () => {
    const { time, wp, takenByBob } = await opened();
    const claim = await wp.claim({ leaseFor: minute });
    time.sleep(2 * minute);
    await takenByBob();
    await time.pass(5_000);
    expect(claim.signal.aborted).toBe(true);
    expect(claim.signal.reason).toMatchObject({ code: "CLAIM_LOST" });
    await claim.release();
  });

  test("goes on after a sleep longer than its lease if the log says that nobody took it", async () => {
    const { time, wp } = await opened();
    const claim = await wp.claim({ leaseFor: minute });
    time.sleep(60 * minute);
    await time.pass(5_000);
    expect(claim.signal.aborted).toBe(false);
    expect(Date.parse(claim.expiresAt)).toBeGreaterThan(time.clock.now());
    await expect(wp.recover("x", { actor: "bob" })).rejects.toMatchObject({ code: "CLAIM_ALIVE" });
    await claim.release();
  });

  test("aborts its signal after such a sleep if the log cannot be asked", async () => {
    for (const how of ["cut", "silence"] as const) {
      const world = await opened();
      const claim = await world.wp.claim({ leaseFor: minute });
      world.time.sleep(60 * minute);
      world[how]();
      await world.time.pass(10_000);
      expect(claim.signal.reason).toMatchObject({ code: "CLAIM_LOST" });
    }
  });

  test("keeps working through a store that cannot be reached, until the lease is over by the clock", async () => {
    const { time, wp, cut } = await opened();
    const claim = await wp.claim({ leaseFor: 3 * minute });
    cut();
    await time.pass(3 * minute - 10_000);
    expect(claim.signal.aborted).toBe(false);
    await time.pass(20_000);
    expect(claim.signal.reason).toMatchObject({
      code: "CLAIM_LOST",
      details: { expiresAt: claim.expiresAt },
    });
  });

  test("does not put a renewal off when the clock is set back", async () => {
    const { time, wp, renewals } = await opened();
    const claim = await wp.claim({ leaseFor: 3 * minute });
    time.sleep(-24 * 60 * minute);
    await time.pass(2 * minute);
    expect(await renewals()).toBeGreaterThanOrEqual(1);
    await claim.release();
  });

  test("is refused its writes with the newest fence once somebody else has the work", async () => {
    const { time, wp, takenByBob } = await opened();
    const claim = await wp.claim({ leaseFor: minute, renew: false });
    time.sleep(2 * minute);
    await takenByBob();
    await expect(wp.move("in_progress", { claim })).rejects.toMatchObject({
      code: "CLAIM_LOST",
      details: { fence: 1, newest: 2, holder: "bob" },
    });
    await expect(claim.renew()).rejects.toMatchObject({ code: "CLAIM_LOST" });
    expect(claim.signal.aborted).toBe(true);
  });
});

describe("recovering from a program", () => {
  test("looks by itself whether the program that holds the claim is gone", async () => {
    const { wp, machine } = await opened();
    await wp.claim({ renew: false, leaseFor: "1h" });
    await expect(wp.recover("gone?")).rejects.toMatchObject({ code: "CLAIM_ALIVE" });
    const later = { ...machine.facts.own(), pid: 11, start: "2000" };
    Object.assign(machine, { facts: fakeMachine({ own: later }).facts });
    const receipt = await wp.recover("gone", { actor: "bob" });
    expect(receipt.events[0]).toMatchObject({ type: "ClaimRecovered", signal: "process_gone" });
  });
});
