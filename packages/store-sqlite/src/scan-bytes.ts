/** Bytes that are compared where they lie. */

/** The same bytes, to be looked at four at a time. */
export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** Whether bytes at one place are those of others at another. For columns: few, and asked often. */
export const areSameBytes = (
  bytes: DataView,
  at: number,
  others: DataView,
  from: number,
  count: number,
): boolean => {
  let done = 0;
  for (; done + 4 <= count; done += 4)
    if (bytes.getInt32(at + done) !== others.getInt32(from + done)) return false;
  for (; done < count; done += 1)
    if (bytes.getUint8(at + done) !== others.getUint8(from + done)) return false;
  return true;
};
