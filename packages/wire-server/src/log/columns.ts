/** Columns that grow: a million records are a few typed arrays, not a million objects. */

type Numbers = Uint8Array | Uint32Array | Float64Array;

/** Numbers of one width, appended at the end. */
export interface Column {
  at(index: number): number;
  push(value: number): void;
  set(index: number, value: number): void;
  /** Only the first ones. */
  keep(length: number): void;
}

const column = (make: (length: number) => Numbers): Column => {
  let values = make(1024);
  let length = 0;
  return {
    at: (index) => values[index] as number,
    push: (value) => {
      if (length === values.length) {
        const larger = make(length * 2);
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    set: (index, value) => {
      values[index] = value;
    },
    keep: (first) => {
      length = first;
    },
  };
};

export const byteColumn = (): Column => column((length) => new Uint8Array(length));
/** For counts and indices below 2^32. */
export const indexColumn = (): Column => column((length) => new Uint32Array(length));
/** For whole numbers up to 2^53. */
export const numberColumn = (): Column => column((length) => new Float64Array(length));

/** Blobs of one fixed width, such as ids. */
export interface WideColumn {
  /** A view; good until the next `push`. */
  at(index: number): Uint8Array;
  equals(index: number, bytes: Uint8Array): boolean;
  push(bytes: Uint8Array): void;
  /** Only the first ones. */
  keep(length: number): void;
}

export const wideColumn = (width: number): WideColumn => {
  let bytes = new Uint8Array(1024 * width);
  let used = 0;
  return {
    at: (index) => bytes.subarray(index * width, (index + 1) * width),
    equals: (index, other) => {
      const from = index * width;
      for (let i = 0; i < width; i++) if (bytes[from + i] !== other[i]) return false;
      return true;
    },
    push: (value) => {
      if (used === bytes.length) {
        const larger = new Uint8Array(used * 2);
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(value, used);
      used += width;
    },
    keep: (first) => {
      used = first * width;
    },
  };
};
