/**
 * The ids a node remembers of its own recent writes: the only thing that makes ANY and STREAM_EXISTS idempotent. Bounded by
 * memory, oldest first out, gone with the node.
 * Source: the server's cache of committed events, 8 MB, each entry counted as 28 bytes and two for each letter of its stream.
 */

export interface RecentId {
  readonly stream: string;
  readonly revision: number;
}

export interface RecentIds {
  get(id: Uint8Array): RecentId | undefined;
  /** An id that is there already keeps its first place. */
  put(id: Uint8Array, entry: RecentId): void;
}

const keyOf = (id: Uint8Array): string => Buffer.from(id.buffer, id.byteOffset, id.length).toString("latin1");
const sizeOf = ({ stream }: RecentId): number => 28 + 2 * stream.length;

export const openRecentIds = ({ maxBytes = 8 << 20 }: { readonly maxBytes?: number } = {}): RecentIds => {
  const entries = new Map<string, RecentId>();
  // A map knows its oldest key as well, but walks over every deleted one to find it.
  let keys: string[] = [];
  let oldest = 0;
  let bytes = 0;
  const makeRoom = (): void => {
    while (bytes >= maxBytes) {
      const key = keys[oldest++] as string;
      bytes -= sizeOf(entries.get(key) as RecentId);
      entries.delete(key);
    }
    if (oldest > 10_000 && oldest > keys.length / 2) {
      keys = keys.slice(oldest);
      oldest = 0;
    }
  };
  return {
    get: (id) => entries.get(keyOf(id)),
    put: (id, entry) => {
      const key = keyOf(id);
      if (entries.has(key)) return;
      makeRoom();
      entries.set(key, entry);
      keys.push(key);
      bytes += sizeOf(entry);
    },
  };
};
