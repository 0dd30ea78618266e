/** Each interleaving of an append, of the answer that does not come, and of what others write meanwhile. */
import type { AppendRequest, EventStore, StreamHead } from "@mission-ledger/core";
import { cancelSource, expectedAfter } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { GatewayFailure, type GatewayFailureKind } from "../gateway-port.ts";
import {
  type Between,
  commitOn,
  filled,
  openWorld,
  put,
  stream,
  tryPut,
  type World,
} from "../testing/world.ts";

const failure = (kind: GatewayFailureKind, isDefinite: boolean): GatewayFailure =>
  new GatewayFailure(kind, `it said ${kind}`, { isDefinite });

const fresh = { isFresh: true };

interface Situation {
  readonly world: World;
  readonly store: EventStore;
  readonly other: EventStore;
  readonly head: StreamHead;
  /** Appends to the stream that were sent, with what they expected. */
  readonly sent: unknown[];
}

/** A stream with two events; a store that knows it, with something between it and the server; and another process. */
const situation = async (
  between: (other: () => EventStore, head: () => StreamHead) => Between,
): Promise<Situation> => {
  const world = openWorld();
  const head = await filled(world, 2);
  const other = await world.open();
  const sent: unknown[] = [];
  const { append, ...rest } = between(
    () => other,
    () => head,
  );
  const store = await world.open({
    ...rest,
    append: (request, send) => {
      if (request.stream !== stream) return send();
      sent.push(JSON.stringify([String(request.expected), request.events]));
      return append?.(request, send) ?? send();
    },
  });
  await world.until(store.head(stream));
  return { world, store, other, head, sent };
};

/** Does something else than the server the first `times` times. */
const first =
  (times: number, instead: NonNullable<Between["append"]>): NonNullable<Between["append"]> =>
  (request, send) => {
    times -= 1;
    return times >= 0 ? instead(request, send) : send();
  };

const identical = (sent: readonly unknown[]): void => {
  for (const one of sent) expect(one).toEqual(sent[0]);
};

describe("an append under an id that nobody else has", () => {
  test("is one call, and no reading before the proof", async () => {
    const { world, store, head, sent } = await situation(() => ({}));
    const before = world.server.calls();
    expect(await world.until(tryPut(store, head, "mine", fresh))).toMatchObject({ repeated: false });
    expect(world.server.calls().readRange).toBe(before.readRange);
    expect(sent).toHaveLength(1);
  });

  test("whose reply is lost after the commit is found, and not sent again", async () => {
    const { world, store, head, sent } = await situation(() => ({
      append: first(1, async (_, send) => {
        await send();
        throw failure("deadline", false);
      }),
    }));
    expect(await world.until(tryPut(store, head, "mine", fresh))).toMatchObject({ repeated: false });
    expect(sent).toHaveLength(1);
    expect(world.stands()).toEqual(["before-0@0", "before-1@1", "mine@2"]);
  });

  test("that never arrived is sent again, the very same", async () => {
    const { world, store, head, sent } = await situation(() => ({
      append: first(3, async () => {
        throw failure("unavailable", false);
      }),
    }));
    expect(await world.until(tryPut(store, head, "mine", { ...fresh, events: 3 }))).toMatchObject({
      repeated: false,
      head: { revision: 4 },
    });
    expect(sent).toHaveLength(4);
    identical(sent);
  });

  test("of which only a part is shown is not taken for all of it", async () => {
    let cut = 1;
    const { world, store, head, sent } = await situation(() => ({
      append: first(1, async (_, send) => {
        await send();
        throw failure("deadline", false);
      }),
      readRange: async (request, send) => {
        const read = await send();
        if (request.from !== 2n || read._tag === "Missing" || cut === 0) return read;
        cut -= 1;
        return { ...read, events: read.events.slice(0, 2) };
      },
    }));
    expect(await world.until(tryPut(store, head, "mine", { ...fresh, events: 3 }))).toMatchObject({
      repeated: false,
      head: { revision: 4 },
    });
    expect(cut).toBe(0);
    expect(sent).toHaveLength(2);
    identical(sent);
  });

  test("that arrives only after it was sent again is written once", async () => {
    let late: Promise<unknown> = Promise.resolve();
    const { world, store, head } = await situation(() => ({
      append: first(1, async (_, send) => {
        late = new Promise<void>((resolve) => void world.timers.after(4_000, resolve)).then(send);
        throw failure("deadline", false);
      }),
    }));
    expect(await world.until(tryPut(store, head, "mine", fresh))).toMatchObject({ repeated: false });
    await world.until(late);
    expect(world.stands()).toEqual(["before-0@0", "before-1@1", "mine@2"]);
  });

  test("that others overtook while its answer was out is a conflict, and never written", async () => {
    let late: () => Promise<unknown> = async () => {};
    const { world, store, head } = await situation((other, known) => ({
      append: first(1, async (_, send) => {
        late = send;
        await put(other(), known(), "theirs", fresh);
        throw failure("deadline", false);
      }),
    }));
    expect(await world.until(tryPut(store, head, "mine", fresh))).toMatchObject({
      _tag: "Conflict",
      expected: 1,
      actual: { revision: 2 },
    });
    expect(await world.until(late())).toMatchObject({ _tag: "WrongRevision" });
    expect(world.stands()).toEqual(["before-0@0", "before-1@1", "theirs@2"]);
  });

  test("that others overtook after it was written is found behind nobody", async () => {
    const { world, store, head } = await situation((other) => ({
      append: first(1, async (_, send) => {
        await send();
        await put(other(), await other().head(stream), "theirs", fresh);
        throw failure("unavailable", false);
      }),
    }));
    expect(await world.until(tryPut(store, head, "mine", fresh))).toMatchObject({ repeated: false });
    expect(world.stands()).toEqual(["before-0@0", "before-1@1", "mine@2", "theirs@3"]);
  });

  test("is a conflict at once where the stream is known to have gone on", async () => {
    const { world, store, head, other, sent } = await situation(() => ({}));
    const now = await world.until(put(other, head, "theirs", fresh));
    await world.until(store.head(stream));
    expect(await world.until(tryPut(store, head, "mine", fresh))).toMatchObject({
      _tag: "Conflict",
      actual: now,
    });
    expect(sent).toEqual([]);
  });

  test("is of unknown outcome when its budget is over, and is the same command's when it is asked for again", async () => {
    const { world, store, head, sent } = await situation(() => ({
      append: (() => {
        let late: (() => Promise<unknown>) | undefined;
        return async (_, send) => {
          if (late === undefined) late = send;
          else if (sent.length < 12) throw failure("server_timeout", false);
          else await late();
          throw failure("server_timeout", false);
        };
      })(),
      readRange: async (request, send) =>
        request.from === 2n ? { _tag: "Events" as const, events: [] } : send(),
    }));
    const since = world.timers.now();
    await expect(world.until(tryPut(store, head, "mine", fresh))).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "unknown",
      retryable: true,
      details: { stream, commandId: "mine" },
    });
    expect(world.timers.now() - since).toBeGreaterThanOrEqual(20_000);
    expect(world.timers.now() - since).toBeLessThan(30_000);
    identical(sent);
    const again = await world.open();
    expect(await world.until(tryPut(again, head, "mine"))).toMatchObject({
      repeated: true,
      head: { revision: 2 },
    });
  });

  const refusals = [
    ["access_denied", "PERMISSION_DENIED"],
    ["not_authenticated", "PERMISSION_DENIED"],
    ["too_large", "LIMIT_EXCEEDED"],
    ["stream_deleted", "STREAM_CLOSED"],
    ["refused", "INTERNAL"],
  ] as const;
  test.each(refusals)("that the server refuses with %s is %s, with nothing written", async (kind, code) => {
    const { world, store, head, sent } = await situation(() => ({
      append: first(1, async () => {
        throw failure(kind, true);
      }),
    }));
    await expect(world.until(tryPut(store, head, "mine", fresh))).rejects.toMatchObject({
      code,
      outcome: "not_written",
      retryable: false,
      details: { stream, commandId: "mine", failure: kind },
    });
    expect(sent).toHaveLength(1);
    expect(world.stands()).toHaveLength(2);
  });

  test("that is refused after an answer stayed out is of unknown outcome, unless it is found", async () => {
    const stays = (isWritten: boolean) =>
      situation(() => ({
        append: (() => {
          let tries = 0;
          return async (_, send) => {
            tries += 1;
            if (tries > 1) throw failure("access_denied", true);
            if (isWritten) void world0(send);
            throw failure("deadline", false);
          };
        })(),
      }));
    const world0 = async (send: () => Promise<unknown>): Promise<void> => {
      await send();
    };
    const lost = await stays(false);
    await expect(lost.world.until(tryPut(lost.store, lost.head, "mine", fresh))).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      outcome: "unknown",
      retryable: true,
    });
    const found = await stays(true);
    expect(await found.world.until(tryPut(found.store, found.head, "mine", fresh))).toMatchObject({
      _tag: "Appended",
    });
  });

  test("goes to the node that leads when another one was asked", async () => {
    const { world, store, head, sent } = await situation(() => ({
      append: first(2, async () => {
        throw failure("not_leader", true);
      }),
    }));
    expect(await world.until(tryPut(store, head, "mine", fresh))).toMatchObject({ _tag: "Appended" });
    expect(sent).toHaveLength(3);
  });

  test("is never sent when nobody leads for the whole time, and then nothing was written", async () => {
    const { world, store, head } = await situation(() => ({
      append: async () => {
        throw failure("not_leader", true);
      },
    }));
    await expect(world.until(tryPut(store, head, "mine", fresh))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "not_written",
    });
  });

  test("acknowledged at a wrong revision is looked for before it is believed", async () => {
    const { world, store, head } = await situation(() => ({
      append: first(1, async (_, send) => ({ ...(await send()), _tag: "Acknowledged", revision: 99n })),
    }));
    expect(await world.until(tryPut(store, head, "mine", fresh))).toMatchObject({ head: { revision: 2 } });
  });

  test("acknowledged and not stored is not proven, whoever asks", async () => {
    const { world, store, head } = await situation(() => ({
      append: first(1, async () => ({ _tag: "Acknowledged", revision: 2n })),
    }));
    const appended = await world.until(tryPut(store, head, "mine", fresh));
    if (appended._tag !== "Appended") throw new Error("no conflict was expected");
    await expect(world.until(store.readBack(appended))).rejects.toMatchObject({
      code: "READBACK_FAILED",
      outcome: "unknown",
    });
    // What is remembered of the stream is what was seen, so that the next append is not led astray.
    const theirs = await world.until(put(await world.open(), head, "theirs", fresh));
    expect(await world.until(put(store, theirs, "mine", fresh))).toMatchObject({ revision: 3 });
    const another = await situation(() => ({ append: async () => ({ _tag: "Acknowledged", revision: 2n }) }));
    await expect(another.world.until(tryPut(another.store, another.head, "mine"))).rejects.toMatchObject({
      code: "READBACK_FAILED",
      outcome: "unknown",
    });
  });

  test("on a server that lost events is not made to fit", async () => {
    const { world, store, head, sent } = await situation(() => ({}));
    world.server.log.lose(stream, 1);
    await expect(world.until(tryPut(store, head, "mine", fresh))).rejects.toMatchObject({
      code: "LOG_REPLACED",
      outcome: "not_written",
      details: { revision: 0, remembered: 1 },
    });
    expect(sent).toHaveLength(1);
    expect(world.stands()).toEqual(["before-0@0"]);
  });
});

describe("an append under an id that came from outside", () => {
  const twin = { recordedAt: "2026-02-02T00:00:00.000Z" };

  test("is believed only when what stands there is its own", async () => {
    const { world, store, head, sent } = await situation((other, known) => ({
      append: first(1, async (_, send) => {
        await tryPut(other(), known(), "both", twin);
        return send();
      }),
    }));
    const answer = await world.until(tryPut(store, head, "both"));
    expect(answer).toMatchObject({
      repeated: true,
      commit: { recordedAt: twin.recordedAt, firstRevision: 2 },
    });
    if (answer._tag === "Appended") expect(await world.until(store.readBack(answer))).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  test("is found where another process wrote it before, without being sent", async () => {
    const { world, store, head, other, sent } = await situation(() => ({}));
    const theirs = await world.until(put(other, head, "both", twin));
    const now = await world.until(put(other, theirs, "next", fresh));
    expect(await world.until(tryPut(store, now, "both"))).toMatchObject({ repeated: true, head: theirs });
    expect(sent).toEqual([]);
  });

  test("is found among what was missed when others came first", async () => {
    const { world, store, head, other } = await situation(() => ({}));
    const theirs = await world.until(put(other, head, "theirs", fresh));
    const both = await world.until(put(other, theirs, "both", { ...twin, events: 2 }));
    expect(await world.until(tryPut(store, head, "both"))).toMatchObject({ repeated: true, head: both });
    expect(world.stands()).toHaveLength(5);
  });

  test("is a conflict where others came first and it is not among them", async () => {
    const { world, store, head, other } = await situation(() => ({}));
    const theirs = await world.until(put(other, head, "theirs", fresh));
    expect(await world.until(tryPut(store, head, "mine"))).toMatchObject({
      _tag: "Conflict",
      actual: theirs,
    });
  });

  test.each([1, 3])(
    "is found where the other process decided on %d events instead of two",
    async (events) => {
      const { world, store, head } = await situation((other, known) => ({
        append: first(1, async (_, send) => {
          await tryPut(other(), known(), "both", { ...twin, events });
          return send();
        }),
      }));
      const answer = await world.until(tryPut(store, head, "both", { events: 2 }));
      expect(answer).toMatchObject({ repeated: true, head: { revision: 1 + events } });
      if (answer._tag === "Appended") expect(await world.until(store.readBack(answer))).toHaveLength(events);
    },
  );

  const places = ["before it looked", "where it is sent", "behind others"] as const;
  test.each(places)(
    "is refused for another command that took the id %s, with nothing written",
    async (place) => {
      const world = openWorld();
      const head = await filled(world, 2);
      const other = await world.open();
      const take = async (): Promise<void> => {
        const base = place === "behind others" ? await put(other, head, "theirs", fresh) : head;
        await put(other, base, "taken", { asked: "something else" });
      };
      const store = await world.open({
        append: first(1, async (_, send) => {
          if (place !== "before it looked") await take();
          return send();
        }),
      });
      if (place === "before it looked") await world.until(take());
      await expect(world.until(tryPut(store, head, "taken"))).rejects.toMatchObject({
        code: "COMMAND_ID_REUSED",
        outcome: "not_written",
      });
    },
  );

  test("is refused as certainly when its own answer stayed out before", async () => {
    const { world, store, head } = await situation((other, known) => ({
      append: first(1, async () => {
        await put(other(), known(), "taken", { asked: "something else" });
        throw failure("deadline", false);
      }),
    }));
    await expect(world.until(tryPut(store, head, "taken"))).rejects.toMatchObject({
      code: "COMMAND_ID_REUSED",
      outcome: "not_written",
    });
  });

  test("waits until what came first can be read", async () => {
    let hidden = 0;
    const { world, store, head } = await situation((other, known) => ({
      append: first(1, async (_, send) => {
        await put(other(), known(), "both", twin);
        hidden = 4;
        const answer = await send();
        return answer._tag === "Acknowledged" ? { _tag: "WrongRevision", actual: 2n } : answer;
      }),
      readRange: async (_, send) => {
        const read = await send();
        hidden -= 1;
        return hidden >= 0 && read._tag === "Events"
          ? { ...read, events: read.events.filter(({ revision }) => revision < 2n) }
          : read;
      },
    }));
    expect(await world.until(tryPut(store, head, "both"))).toMatchObject({ repeated: true });
  });

  test("is of unknown outcome when others came first and nobody says who", async () => {
    let isDark = false;
    const { world, store, head } = await situation((other, known) => ({
      append: async (_, send) => {
        await put(other(), known(), "theirs", fresh);
        isDark = true;
        return send();
      },
      readRange: async (_, send) => {
        if (isDark) throw failure("unavailable", true);
        return send();
      },
    }));
    await expect(world.until(tryPut(store, head, "mine"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "unknown",
    });
  });

  test("sent by two processes at the same moment is one event and two receipts, one of them a repeat", async () => {
    const world = openWorld();
    const head = await filled(world, 2);
    const stores = await Promise.all([world.open(), world.open()]);
    const answers = await world.until(
      Promise.all(stores.map((store, at) => tryPut(store, head, "both", at === 0 ? {} : twin))),
    );
    expect(answers.map((answer) => answer._tag === "Appended" && answer.repeated).sort()).toEqual([
      false,
      true,
    ]);
    expect(world.stands()).toEqual(["before-0@0", "before-1@1", "both@2"]);
  });

  test("that bears its mark and other content is not proven", async () => {
    const { world, store, head } = await situation(() => ({}));
    world.server.strike({ at: "append", fault: { kind: "lie", about: "other_content" } });
    await expect(world.until(tryPut(store, head, "mine"))).rejects.toMatchObject({
      code: "READBACK_FAILED",
      outcome: "unknown",
      details: { revision: 2 },
    });
  });
});

describe("appends of one process on one stream", () => {
  test("are never in flight together", async () => {
    const { world, store, head, sent } = await situation(() => ({}));
    const answers = await world.until(
      Promise.all(Array.from({ length: 5 }, () => tryPut(store, head, "mine"))),
    );
    expect(answers.map((answer) => answer._tag === "Appended" && answer.repeated)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(sent).toHaveLength(1);
    expect(world.server.mostIdentical()).toBe(1);
  });

  test("wait no longer for their turn than the budget, and then nothing of them was written", async () => {
    const { world, store, head } = await situation(() => ({
      append: () => new Promise(() => {}),
    }));
    void tryPut(store, head, "stuck", fresh).catch(() => {});
    await expect(world.until(tryPut(store, head, "waiting", fresh))).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "not_written",
      details: { stream, commandId: "waiting" },
    });
  });
});

describe("an append that is called off", () => {
  const calledOff = async (
    between: (abort: () => void) => Between,
    at: "before" | "after" = "after",
  ): Promise<{ readonly world: World; readonly answer: Promise<unknown> }> => {
    const { signal, abort } = cancelSource();
    const { world, store, head } = await situation(() => between(abort));
    if (at === "before") abort();
    const request: AppendRequest = { commit: commitOn(head, "mine"), expected: expectedAfter(head), signal };
    const answer = store.append(request);
    answer.catch(() => {});
    return { world, answer };
  };

  test("before it is sent writes nothing", async () => {
    for (const when of ["before", "after"] as const) {
      const { world, answer } = await calledOff(
        (abort) => ({
          readRange: async (_, send) => {
            abort();
            return send();
          },
        }),
        when,
      );
      await expect(world.until(answer)).rejects.toThrow("aborted");
      expect(world.stands()).toHaveLength(2);
    }
  });

  test("after it was sent is answered all the same", async () => {
    const { world, answer } = await calledOff((abort) => ({
      append: first(1, async (_, send) => {
        abort();
        await send();
        throw failure("deadline", false);
      }),
    }));
    expect(await world.until(answer)).toMatchObject({ _tag: "Appended" });
  });
});

describe("a store that is closed", () => {
  test("while an answer is out says that the outcome is unknown, at once, and leaves no timer", async () => {
    const { world, store, head } = await situation(() => ({
      append: async () => {
        throw failure("unavailable", false);
      },
    }));
    const answer = tryPut(store, head, "mine", fresh);
    answer.catch(() => {});
    await world.timers.pass(3_000);
    const since = world.timers.now();
    await store.close();
    await expect(world.until(answer)).rejects.toMatchObject({ code: "STORE_CLOSED", outcome: "unknown" });
    expect(world.timers.now() - since).toBeLessThan(10);
    await world.timers.pass(10);
    expect(world.timers.pending).toBe(0);
  });
});
