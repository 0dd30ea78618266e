/**
 * What a transaction wrote for several commands, read by one statement for all of their readbacks. It saves statements and proves
 * nothing more: each commit is compared by itself, and whoever finds nothing here reads for itself.
 */
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import type { CommitRows } from "../schema/rows.ts";

/** Rows that are read at once at most: what they hold is in memory a second time until it was compared. */
const mostRows = 64;

/** The rows that stand now from position `first` to before `end`, in their order; `undefined` if they are not to be believed. */
export type ReadRows = (first: number, end: number) => readonly SqlRow[] | undefined;

export class GroupRead {
  readonly #first: number;
  readonly #end: number;
  #isRead = false;
  #reader: Connection | undefined;
  #rows: (SqlRow | undefined)[] = [];

  constructor(first: number, end: number) {
    this.#first = first;
    this.#end = end;
  }

  /**
   * The rows of one commit, read over this connection since the event loop has turned; once. All of the group are read for whoever
   * asks first. `undefined` where a row is missing or out of order up to there: then each has to read for itself, and is judged alone.
   */
  take(reader: Connection, first: number, end: number, read: ReadRows): readonly SqlRow[] | undefined {
    if (!this.#isRead) this.#readAll(reader, read);
    if (this.#reader !== reader) return undefined;
    const from = first - this.#first;
    const to = end - this.#first;
    const taken = this.#rows.slice(from, to);
    this.#rows.fill(undefined, from, to);
    return taken.length === end - first && taken.every(isThere) ? taken : undefined;
  }

  #readAll(reader: Connection, read: ReadRows): void {
    this.#isRead = true;
    const rows = read(this.#first, this.#end);
    if (rows?.every(([position], index) => position === this.#first + index) !== true) return;
    this.#rows = [...rows];
    this.#reader = reader;
    setImmediate(() => {
      this.#rows = [];
      this.#reader = undefined;
    });
  }
}

const isThere = (row: SqlRow | undefined): row is SqlRow => row !== undefined;

/** By which read each of a transaction's commits is read back, in the order of their positions; none for those that are read alone. */
export const groupReads = (written: readonly CommitRows[]): ReadonlyMap<CommitRows, GroupRead> => {
  const reads = new Map<CommitRows, GroupRead>();
  let together: CommitRows[] = [];
  let count = 0;
  const close = (): void => {
    const first = Number(together[0]?.command[0]);
    const read = new GroupRead(first, first + count);
    if (together.length > 1) for (const rows of together) reads.set(rows, read);
    together = [];
    count = 0;
  };
  for (const rows of written) {
    if (count + rows.events.length > mostRows) close();
    together.push(rows);
    count += rows.events.length;
  }
  close();
  return reads;
};
