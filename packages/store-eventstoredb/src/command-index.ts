/**
 * Which commands a stream holds, as far as this process has read it. A stream only grows, so what is known of its beginning
 * stays true; what is not known yet is read. Bounded: streams that were not used for longest are forgotten.
 */
import { emptyHead, type StreamHead } from "@mission-ledger/core";
import type { LedgerEvent } from "./layout/stored-event.ts";

export interface CommandIndex {
  /** Up to here every command is known. */
  known(stream: string): StreamHead;
  /** The furthest event that was seen; it may be beyond what is known without a gap. */
  tip(stream: string): StreamHead;
  /** When the tip was last seen, as `now` counts. */
  tipSeenAt(stream: string): number;
  /** Revision of a command's first event, if it is among the known ones. */
  find(stream: string, commandId: string): number | undefined;
  /** Whether the stream was looked at, perhaps to find that it does not exist. */
  hasSeen(stream: string): boolean;
  /**
   * Takes in events of a stream that were read, in their order and without gaps between them. What was only acknowledged is not
   * known. An event that contradicts what was remembered makes it forgotten.
   */
  learn(stream: string, events: readonly LearntEvent[]): void;
  /** After any doubt about what was remembered. */
  forget(stream: string): void;
}

export interface LearntEvent {
  readonly commandId: string;
  readonly index: number;
  readonly revision: number;
  readonly digest: string;
}

export const learnt = ({ recorded, index }: LedgerEvent): LearntEvent => ({
  commandId: recorded.commandId,
  index,
  revision: recorded.revision,
  digest: recorded.digest,
});

export interface CommandIndexOptions {
  /** Milliseconds. @defaultValue a clock that never steps back */
  readonly now?: () => number;
  /** @defaultValue 1024 */
  readonly mostStreams?: number;
  /** Over all streams; about 100 bytes each. @defaultValue 200000 */
  readonly mostCommands?: number;
}

interface Known {
  head: StreamHead;
  tip: StreamHead;
  tipSeenAt: number;
  readonly commands: Map<string, number>;
}

export const commandIndex = ({
  now = () => performance.now(),
  mostStreams = 1_024,
  mostCommands = 200_000,
}: CommandIndexOptions = {}): CommandIndex => {
  const streams = new Map<string, Known>();
  let commands = 0;

  const forget = (stream: string): void => {
    commands -= streams.get(stream)?.commands.size ?? 0;
    streams.delete(stream);
  };
  /** The one in use comes last, and is never the one that is forgotten. */
  const use = (stream: string): Known => {
    const present = streams.get(stream);
    if (present !== undefined) streams.delete(stream);
    const known = present ?? {
      head: emptyHead,
      tip: emptyHead,
      tipSeenAt: Number.NEGATIVE_INFINITY,
      commands: new Map<string, number>(),
    };
    streams.set(stream, known);
    return known;
  };
  const makeRoom = (): void => {
    for (const eldest of streams.keys()) {
      if (streams.size === 1 || (streams.size <= mostStreams && commands <= mostCommands)) return;
      forget(eldest);
    }
  };

  return {
    known: (stream) => streams.get(stream)?.head ?? emptyHead,
    tip: (stream) => streams.get(stream)?.tip ?? emptyHead,
    tipSeenAt: (stream) => streams.get(stream)?.tipSeenAt ?? Number.NEGATIVE_INFINITY,
    find: (stream, commandId) => streams.get(stream)?.commands.get(commandId),
    hasSeen: (stream) => streams.has(stream),
    learn: (stream, events) => {
      let known = use(stream);
      for (const { commandId, index, revision, digest } of events) {
        if (contradicts(known.tip, revision, digest) || contradicts(known.head, revision, digest)) {
          forget(stream);
          known = use(stream);
        }
        if (revision > known.tip.revision) known.tip = { revision, digest };
        if (revision === known.tip.revision) known.tipSeenAt = now();
        if (revision !== known.head.revision + 1) continue;
        known.head = { revision, digest };
        if (!known.commands.has(commandId)) {
          known.commands.set(commandId, revision - index);
          commands += 1;
        }
      }
      makeRoom();
    },
    forget,
  };
};

const contradicts = (seen: StreamHead, revision: number, digest: string): boolean =>
  seen.revision === revision && seen.digest !== digest;
