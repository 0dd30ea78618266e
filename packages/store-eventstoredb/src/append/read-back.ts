/**
 * The proof behind a receipt: the leader is asked for exactly what was appended, and all of it is compared; also the event before
 * it, unless this process has just read that one.
 */
import {
  type Appended,
  type EventEnvelope,
  isStoreFault,
  type RecordedEvent,
  StoreFault,
} from "@mission-ledger/core";
import { type CommandIndex, learnt } from "../command-index.ts";
import { faultOf, readbackFailed } from "../faults.ts";
import { isSealed, type LedgerEvent, ledgerEvent } from "../layout/stored-event.ts";
import type { Patience } from "../patience.ts";
import type { StreamReader } from "../read/stream-reader.ts";
import type { Timers } from "../timers.ts";

/** How long a leader that was just elected may take to show what the last one acknowledged, in milliseconds. */
const absentMs = 1_000;

/**
 * How long the event before a commit need not be read again, in milliseconds. A server never changes it; but somebody may delete the
 * stream, which an append revives without its history, or restore another one. Shorter than a person or a restart takes.
 */
const believedMs = 100;

export interface ReadBackSetup {
  readonly reader: StreamReader;
  readonly index: CommandIndex;
  readonly patience: Patience;
  readonly timers: Timers;
}

/** Throws `READBACK_FAILED` or `LOG_REPLACED`, outcome unknown. */
export const readBackFrom = async (
  { reader, index, patience, timers }: ReadBackSetup,
  { commit }: Appended,
): Promise<readonly RecordedEvent[]> => {
  const { stream, commandId, firstRevision, events } = commit;
  const { revision, digest } = index.tip(stream);
  const age = timers.now() - index.tipSeenAt(stream);
  const isSeen = revision === firstRevision - 1 && digest === commit.previous && age < believedMs;
  const anchors = firstRevision > 0 && !isSeen ? 1 : 0;
  const begun = timers.now();
  try {
    for (let tries = 0; ; tries += 1) {
      const stored = await reader.range(stream, firstRevision - anchors, events.length + anchors);
      const read = stored.map((one) => ledgerEvent(one, stream));
      for (const [at, event] of read.entries()) {
        const place = firstRevision - anchors + at;
        const sealed = events[at - anchors];
        if (stored[at]?.revision !== BigInt(place))
          throw readbackFailed(stream, commandId, place, "it begins later");
        if (at < anchors) {
          if (event?.recorded.digest !== commit.previous) throw notBehind(stream, commandId, place);
        } else if (
          event === undefined ||
          event.commandDigest !== commit.commandDigest ||
          !isSealed(event, sealed as EventEnvelope)
        )
          throw readbackFailed(stream, commandId, place, "it holds something else");
      }
      if (read.length === events.length + anchors) {
        const own = (read as readonly LedgerEvent[]).slice(anchors);
        index.learn(stream, own.map(learnt));
        return own.map(({ recorded }) => recorded);
      }
      if (timers.now() - begun >= absentMs)
        throw readbackFailed(stream, commandId, firstRevision, "it is not there");
      await patience.backOff(tries);
    }
  } catch (error) {
    if (isStoreFault(error)) index.forget(stream);
    throw faultOf(error, "unknown", { stream, commandId });
  }
};

/** The event that a caller's answer builds on stands where it was seen. */
export const confirmHead = async (
  reader: StreamReader,
  stream: string,
  { revision, digest }: { readonly revision: number; readonly digest: string | null },
): Promise<void> => {
  if (revision < 0) return;
  for await (const _ of reader.pages(stream, { after: { revision, digest }, to: revision })) {
    // Nothing follows.
  }
};

const notBehind = (stream: string, commandId: string, revision: number): StoreFault =>
  new StoreFault(
    "LOG_REPLACED",
    `${stream} holds another event at revision ${revision} than the one the command was decided on`,
    {
      outcome: "unknown",
      retryable: true,
      hint: "Find out what replaced events on the server, then repeat the command with the same command id.",
      details: { stream, commandId, revision },
    },
  );
