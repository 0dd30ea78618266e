/** One protobuf message, written from front to back into a buffer whose size was counted before. */

const varintLength = (value: number): number => {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
};
/** Of a field that carries bytes: tag, length, bytes. */
export const blobLength = (length: number): number => 1 + varintLength(length) + length;
export const numberLength = (value: number): number => 1 + varintLength(value);

export interface MessageWriter {
  readonly bytes: Buffer;
  /** Whole numbers up to 2^53. */
  number(field: number, value: number): void;
  bigNumber(field: number, value: bigint): void;
  /** The head of a nested message; its fields follow. */
  open(field: number, length: number): void;
  blob(field: number, value: Uint8Array): void;
  /** ASCII only. */
  text(field: number, value: string): void;
  /** Fields that were written elsewhere. */
  raw(value: Uint8Array): void;
}

export const openMessage = (size: number): MessageWriter => {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  const varint = (value: number): void => {
    let rest = value;
    while (rest >= 128) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    bytes[at++] = rest;
  };
  const open = (field: number, length: number): void => {
    bytes[at++] = (field << 3) | 2;
    varint(length);
  };
  const raw = (value: Uint8Array): void => {
    bytes.set(value, at);
    at += value.length;
  };
  return {
    bytes,
    number: (field, value) => {
      bytes[at++] = field << 3;
      varint(value);
    },
    bigNumber: (field, value) => {
      bytes[at++] = field << 3;
      let rest = value;
      for (; rest >= 128n; rest >>= 7n) bytes[at++] = Number(rest & 127n) | 128;
      bytes[at++] = Number(rest);
    },
    open,
    blob: (field, value) => {
      open(field, value.length);
      raw(value);
    },
    text: (field, value) => {
      open(field, value.length);
      at += bytes.write(value, at, "latin1");
    },
    raw,
  };
};
