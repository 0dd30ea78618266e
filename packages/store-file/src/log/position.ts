/**
 * Positions: the record's place in the order of all writes, its stream, the event's place in its record. As text they sort
 * in log order. The stream is part of it because two records may share a number if a writer died before raising the counter.
 */

/** What all positions of a record begin with. */
export const recordPosition = (seq: number, encodedStream: string): string =>
  `${String(seq).padStart(16, "0")}:${encodedStream}:`;

export const eventPosition = (ofRecord: string, index: number): string => ofRecord + indexText[index];

/** The number in a position; 0 if the text is no position. */
export const seqOfPosition = (position: string): number => {
  const seq = /^[0-9]{16}:/.test(position) ? Number(position.slice(0, 16)) : 0;
  return Number.isSafeInteger(seq) ? seq : 0;
};

const indexText: readonly string[] = Array.from({ length: 64 }, (_, index) => String(index).padStart(3, "0"));
