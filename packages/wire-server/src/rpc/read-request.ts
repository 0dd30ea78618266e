/** What a read asks for, taken out of the message that asks. */
import { type FilterRequest, type RecordFilter, recordFilter } from "../log/filter.ts";
import type { WireLog } from "../log/log.ts";
import type { UuidForm } from "../wire/encode-event.ts";
import { stumbled } from "../wire/refusals.ts";
import type { streamsMessages } from "../wire/stubs.ts";

type ReadReq = streamsMessages.ReadReq;
type Options = streamsMessages.ReadReq.Options;

export type From = number | "start" | "end";

export interface ReadRequest {
  /** Absent for `$all`. */
  readonly stream: string | undefined;
  /** A revision, or a position in the log. */
  readonly from: From;
  readonly isBackwards: boolean;
  readonly uuids: UuidForm;
  readonly resolveLinks: boolean;
  readonly filter: RecordFilter | undefined;
  /** Absent for a subscription. */
  readonly count: number | undefined;
  /** Considered events between two checkpoints of a filtered subscription. */
  readonly checkpointEvery: number;
}

/** Source: the server's own page size, used where the caller names none. */
const defaultWindow = 32;

const streamName = (options: Options): string | undefined => {
  const stream = options.getStream();
  if (stream === undefined) return undefined;
  const name = Buffer.from(stream.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString("utf8");
  if (name === "") throw stumbled();
  return name;
};

/** How clients spell -1, the end, where a number is wanted. */
const minusOne = "18446744073709551615";

const fromIn = (options: Options): From => {
  const stream = options.getStream();
  const all = options.getAll();
  const named = stream?.hasRevision() ? stream.getRevision() : all?.getPosition()?.getCommitPosition();
  if (named !== undefined) return named === minusOne ? "end" : Number(named);
  return stream?.hasEnd() || all?.hasEnd() ? "end" : "start";
};

const filterIn = (options: Options): FilterRequest | undefined => {
  const filter = options.getFilter();
  const byType = filter?.getEventType();
  const expression = byType ?? filter?.getStreamIdentifier();
  if (expression === undefined) return undefined;
  const regex = expression.getRegex();
  return {
    by: byType === undefined ? "stream" : "type",
    ...(regex === "" ? {} : { regex }),
    prefixes: expression.getPrefixList(),
  };
};

export const readRequestIn = (message: ReadReq, log: WireLog): ReadRequest => {
  const options = message.getOptions();
  if (options === undefined) throw stumbled();
  const filter = filterIn(options);
  const window = options.getFilter()?.getMax() || defaultWindow;
  return {
    stream: streamName(options),
    from: fromIn(options),
    isBackwards: options.getReadDirection() === 1,
    uuids: options.getUuidOption()?.hasStructured() ? "structured" : "string",
    resolveLinks: options.getResolveLinks(),
    filter: filter === undefined ? undefined : recordFilter(log, filter),
    count: options.hasSubscription() ? undefined : Number(options.getCount()),
    checkpointEvery: window * (options.getFilter()?.getCheckpointintervalmultiplier() || 1),
  };
};
