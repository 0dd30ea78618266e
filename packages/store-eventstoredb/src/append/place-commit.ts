/**
 * One append, from what is known before it to an answer that is certain. An answer that does not come is resolved by looking and
 * by sending the identical append again, which the server writes once; the expected revision is never raised meanwhile.
 */
import {
  type Appended,
  type AppendRequest,
  type CancelSignal,
  type Commit,
  type Conflict,
  headOfCommit,
  type Randomness,
  StoreFault,
  type StreamHead,
} from "@mission-ledger/core";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { CommandIndex } from "../command-index.ts";
import { commandIdReused, faultOf, isPassing, readbackFailed, storeClosed } from "../faults.ts";
import { type Gateway, type GatewayAppended, GatewayFailure } from "../gateway-port.ts";
import type { StreamNames } from "../layout/names.ts";
import { gatewayEvents, ledgerEvent } from "../layout/stored-event.ts";
import type { Patience } from "../patience.ts";
import type { StreamReader } from "../read/stream-reader.ts";
import type { Timers } from "../timers.ts";
import { judge, type Standing } from "./judge.ts";
import { storedCommit } from "./stored-commit.ts";

export interface PlaceSetup {
  readonly gateway: Gateway;
  readonly names: StreamNames;
  readonly reader: StreamReader;
  readonly index: CommandIndex;
  readonly catalogue: Catalogue;
  readonly patience: Patience;
  readonly timers: Timers;
  readonly randomness: Randomness;
  readonly budgetMs: number;
  readonly closing: CancelSignal;
}

export type PlaceCommit = (request: AppendRequest, waitedMs: number) => Promise<Appended | Conflict>;

export const placeCommit =
  (setup: PlaceSetup): PlaceCommit =>
  async (request, waitedMs) => {
    const { gateway, names, reader, index, catalogue, patience, timers, randomness, budgetMs, closing } =
      setup;
    const { commit, expected, hasFreshId = false, signal } = request;
    const { stream, commandId, firstRevision } = commit;
    const before = expected === "no_stream" ? -1 : expected;
    const details = { stream, commandId };
    const until = timers.now() + budgetMs;
    /** Something was sent that may stand in the log or still arrive there. */
    let mayStand = false;

    const appended = (stands: Commit, repeated: boolean): Appended => ({
      _tag: "Appended",
      commit: stands,
      repeated,
      head: headOfCommit(stands),
      waitedMs,
      receiptMark: null,
    });
    /** It was seen where it was to be written. */
    const found = (): Appended => {
      index.learn(
        stream,
        commit.events.map(({ revision, digest }, at) => ({ commandId, index: at, revision, digest })),
      );
      return appended(commit, false);
    };
    const repeat = async (revision: number): Promise<Appended> => {
      const stands = await storedCommit(setup, stream, commandId, revision, commit.events.length, until);
      if (stands.commandDigest === commit.commandDigest) return appended(stands, true);
      // The id is taken for ever, so nothing of this append can follow.
      mayStand = false;
      throw commandIdReused(stream, commandId);
    };
    /** The stream reaches at least to `reaches`; the command may be among what was missed. */
    const conflict = async (reaches: number): Promise<Appended | Conflict> => {
      for (let tries = 0; ; tries += 1) {
        let actual: StreamHead | undefined;
        if (hasFreshId) actual = (await reader.end(stream, until))?.recorded;
        else {
          const earlier = await reader.find(stream, commandId, { until });
          if (earlier.revision !== undefined) return repeat(earlier.revision);
          actual = earlier.head;
        }
        const { revision = -1, digest = null } = actual ?? {};
        // What the server answers with may not be readable yet.
        if (revision >= reaches) return { _tag: "Conflict", stream, expected, actual: { revision, digest } };
        if (timers.now() >= until) throw readsAreBehind(stream, reaches);
        await patience.backOff(tries);
      }
    };
    /** The digest at the expected revision; `undefined` if the stream does not end there, as far as is known. */
    const digestBefore = async (): Promise<string | null | undefined> => {
      // A server revives a deleted stream when it is begun again, with its events lost and its revisions going on.
      if (before < 0 && !index.hasSeen(stream)) await reader.end(stream, until);
      const tip = index.tip(stream);
      if (tip.revision > before) return undefined;
      if (tip.revision === before) return tip.digest;
      const [stored] = await reader.range(stream, before, 1, until);
      if (stored === undefined || stored.revision !== BigInt(before)) return undefined;
      return ledgerEvent(stored, stream)?.recorded.digest;
    };
    /** What can be answered before anything is sent. */
    const known = async (): Promise<Appended | Conflict | undefined> => {
      if (!hasFreshId) {
        const earlier = await reader.find(stream, commandId, { to: before, until });
        if (earlier.revision !== undefined) return repeat(earlier.revision);
      }
      if (firstRevision !== before + 1 || (await digestBefore()) !== commit.previous) return conflict(-1);
      if (before < 0) await catalogue.enter(stream, until);
      return undefined;
    };
    /** What stands there now; nothing if nobody can say. */
    const look = async (): Promise<Standing> => {
      try {
        return judge(await reader.range(stream, firstRevision, commit.events.length, 0), commit, writer);
      } catch (error) {
        if (isPassing(error)) return { _tag: "Nothing" };
        throw error;
      }
    };

    let writer = "";
    const send = async (): Promise<Appended | Conflict> => {
      writer = randomness.uuid();
      const events = gatewayEvents(commit, writer);
      const last = BigInt(before + events.length);
      for (let tries = 0; ; tries += 1) {
        if (closing.aborted) throw storeClosed();
        let answer: GatewayAppended | undefined;
        let failure: GatewayFailure | undefined;
        try {
          answer = await gateway.append({
            stream: names.onServer(stream),
            expected: before < 0 ? "no_stream" : BigInt(before),
            events,
          });
        } catch (error) {
          if (!(error instanceof GatewayFailure)) {
            mayStand = true;
            throw error;
          }
          failure = error;
        }
        const reaches = answer?._tag === "WrongRevision" ? revisionOf(answer.actual) : undefined;
        if (reaches !== undefined && reaches < before) {
          index.forget(stream);
          throw endsEarlier(stream, reaches, before);
        }
        if (reaches !== undefined && !mayStand) {
          // Nothing of ours was written; but the command may have been, by another process.
          mayStand = !hasFreshId;
          return conflict(Math.max(reaches, firstRevision));
        }
        if (answer?._tag === "Acknowledged") {
          mayStand = true;
          // Nobody else has the id. Whether it is true is for the proof to say.
          if (hasFreshId && answer.revision === last) return appended(commit, false);
        } else if (failure !== undefined && !failure.isDefinite) mayStand = true;

        if (mayStand) {
          const standing = await look();
          switch (standing._tag) {
            case "Ours":
              return found();
            case "SameCommand":
              return repeat(firstRevision);
            case "Another":
              // Ours can never be written there any more.
              mayStand = !hasFreshId;
              return conflict(firstRevision);
            case "Differs":
              throw readbackFailed(stream, commandId, standing.revision, "it holds something else");
            case "Nothing":
          }
        }
        // No proof of absence: it may be on its way. The identical append is safe however that ends.
        if (failure !== undefined && !isPassing(failure)) throw failure;
        if (timers.now() >= until)
          throw (
            failure ??
            (reaches === undefined
              ? readbackFailed(stream, commandId, firstRevision, "it was acknowledged and is not there")
              : readsAreBehind(stream, reaches))
          );
        await patience.backOff(tries);
      }
    };

    try {
      const answer = await known();
      if (answer !== undefined) return answer;
    } catch (error) {
      throw faultOf(error, "not_written", details);
    }
    signal?.throwIfAborted();
    try {
      return await send();
    } catch (error) {
      throw faultOf(error, mayStand ? "unknown" : "not_written", details);
    }
  };

const revisionOf = (actual: bigint | "no_stream"): number => (actual === "no_stream" ? -1 : Number(actual));

const readsAreBehind = (stream: string, revision: number): StoreFault =>
  new StoreFault(
    "TIMEOUT",
    `the server does not show ${stream} up to revision ${revision}, where it says it ends`,
    {
      outcome: "not_written",
      retryable: true,
      hint: "The node that was asked may be cut off from the others; try again, and see with `mled doctor` how it is.",
      details: { stream, revision },
    },
  );

const endsEarlier = (stream: string, revision: number, remembered: number): StoreFault =>
  new StoreFault(
    "LOG_REPLACED",
    `${stream} ends at revision ${revision} and was seen to reach ${remembered}`,
    {
      outcome: "not_written",
      retryable: true,
      hint: "Find out what took events from the server: a restored backup, or another server under the same address.",
      details: { stream, revision, remembered },
    },
  );
