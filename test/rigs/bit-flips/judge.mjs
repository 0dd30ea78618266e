/**
 * Whether damage to a log is noticed, and at its place, judged by reading only the lines it touched: the fold is entered with
 * the state before them, which is known from the sound log. So a log of a thousand records can be damaged millions of times.
 */
import { isDamagedTail } from "../../../packages/store-file/dist/log/damaged-tail.js";
import { foldLog, startOfLog } from "../../../packages/store-file/dist/log/fold.js";

const lineFeed = 0x0a;

/** The sound log with the fold's state before each line. */
export const readSound = (bytes, stream, encoded) => {
  const starts = [];
  const states = [];
  const fold = foldLog(stream, encoded, startOfLog, ({ why }) => {
    throw new Error(`the log to be damaged is not sound: ${why}`);
  });
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start);
    starts.push(start);
    states.push({ head: fold.head, origin: fold.origin });
    fold.take({
      bytes: bytes.subarray(start, end),
      offset: start,
      length: end + 1 - start,
      oversized: false,
    });
    start = end + 1;
  }
  return { bytes, starts, states, stream, encoded };
};

const lineAt = ({ starts }, offset) => {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** `damaged` is the log with other bytes from `first` to `last`. Answers a sentence if that is not noticed there. */
export const judge = (sound, damaged, first, last) => {
  const line = lineAt(sound, first);
  const lastLine = lineAt(sound, last);
  const settled = lastLine + 1 < sound.starts.length ? sound.starts[lastLine + 1] : damaged.length;
  let located = false;
  const found = [];
  const report = ({ kind, offset, length }) => {
    found.push(`${kind} at ${offset}`);
    located ||= offset <= last && offset + length > first;
  };
  const fold = foldLog(sound.stream, sound.encoded, sound.states[line], report);
  let start = sound.starts[line];
  while (start < settled) {
    const end = damaged.indexOf(lineFeed, start);
    if (end < 0) {
      if (isDamagedTail(damaged.subarray(start)))
        report({ kind: "damaged", offset: start, length: damaged.length - start });
      break;
    }
    fold.take({
      bytes: damaged.subarray(start, end),
      offset: start,
      length: end + 1 - start,
      oversized: false,
    });
    start = end + 1;
  }
  if (located) return undefined;
  return found.length === 0 ? "not noticed" : `noticed elsewhere only: ${found.join(", ")}`;
};
