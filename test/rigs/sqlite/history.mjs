/** A small ledger of two streams with events of all sizes, to be damaged, and what stands in it. */
import { digestOf, emptyHead, isStoreFault, sealCommit } from "@mission-ledger/core";

export const streams = ["mission-damaged", "mission-other"];
/** Some lie on pages of their own behind the row. */
const sizes = [40, 300, 900, 5_000, 20_000];

export const commitOn = (head, stream, index, bytes = sizes[index % sizes.length]) =>
  sealCommit(
    head,
    {
      stream,
      commandId: `command-${index}`,
      commandDigest: digestOf({ index }),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent:ada",
    },
    Array.from({ length: 1 + (index % 3) }, (_, part) => ({
      type: "Noted",
      version: 1,
      data: { part, note: `計画 ${index} `.repeat(Math.ceil(bytes / 12)).slice(0, bytes) },
    })),
  );

/** An answer too: nothing was written, or what was written is void. Whoever took files away meanwhile may cause it. */
export class Conflicted extends Error {}

/** Appends and reads back; answers the receipt's events, or throws a fault or {@link Conflicted}. */
export const appendProven = async (store, stream, index, bytes) => {
  const head = (await store.head(stream)) ?? emptyHead;
  const appended = await store.append({
    commit: commitOn(head, stream, index, bytes),
    expected: head.revision < 0 ? "no_stream" : head.revision,
    ...(head.mark === undefined ? {} : { mark: head.mark }),
  });
  if (appended._tag === "Conflict") throw new Conflicted("a conflict");
  const events = await store.readBack(appended);
  if (!Array.isArray(events)) throw new Conflicted("void");
  return appended.commit.events;
};

export const fill = async (store, commits) => {
  const written = [];
  for (let index = 0; index < commits; index += 1)
    written.push(...(await appendProven(store, streams[index % streams.length], index)));
  return written;
};

/** What a look at a ledger says: the fault it ended with, or the digests it read, by stream. */
export const readAllOf = async (store) => {
  const digests = new Map();
  try {
    for (const stream of streams)
      for await (const batch of store.read(stream))
        for (const { revision, digest, id, data } of batch)
          digests.set(`${stream}@${revision}`, { id, digest, data: JSON.stringify(data) });
    return { digests };
  } catch (error) {
    return { digests, error, isTyped: isStoreFault(error) };
  }
};

/** By name, as `readAllOf` gives them. */
export const knownOf = (events) =>
  new Map(
    events.map(({ stream, revision, id, digest, data }) => [
      `${stream}@${revision}`,
      { id, digest, data: JSON.stringify(data) },
    ]),
  );

export const isSame = (one, other) =>
  one !== undefined &&
  other !== undefined &&
  one.id === other.id &&
  one.digest === other.digest &&
  one.data === other.data;
