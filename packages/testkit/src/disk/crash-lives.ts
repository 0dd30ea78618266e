/** Ways in which processes live and die on a simulated disk, each to bring out another fault of a store. */
import type { CallFault, DiskCall, Intercept } from "./disk-calls.ts";
import { type Life, usualLives } from "./explore-crashes.ts";

type Command = Life["commands"][number];

/** Answers with a fault at the nth call that fits. */
export const atCall =
  (fits: (call: DiskCall) => boolean, fault: CallFault, nth = 1): (() => Intercept) =>
  () => {
    let left = nth;
    return (call) => {
      if (!fits(call)) return undefined;
      left -= 1;
      return left === 0 ? fault : undefined;
    };
  };

/** Longer than what locks and counters write of themselves. */
const isRecord = ({ name, length }: DiskCall): boolean => name === "write" && length > 128;
export const isLog = (path: string): boolean => path.endsWith(".jsonl");
export const isFlush = ({ name, path }: DiskCall): boolean => name === "fdatasync" && isLog(path);
export const one: readonly Command[] = [{ commandId: "c1" }];
export const two: readonly Command[] = [{ commandId: "c1" }, { commandId: "c2", events: 2 }];

/** The second record is torn by the death of its writer, and another process comes after it. */
export const tornLives: readonly Life[] = [
  { commands: two, faults: atCall(isRecord, { _tag: "Torn", bytes: 100 }, 2) },
  { commands: [{ commandId: "c2", events: 2 }, { commandId: "c3" }] },
];
/** The writer dies between the write and the flush of its second record. */
export const unflushedLives: readonly Life[] = [
  { commands: two, faults: atCall(isFlush, { _tag: "Dies", when: "before" }, 2) },
  { commands: [{ commandId: "c2", events: 2 }] },
];
/** The second flush fails once; from then on the disk says yes. */
export const lyingLives: readonly Life[] = [
  { commands: two, faults: atCall(isFlush, { _tag: "FlushLost", errno: "EIO" }, 2) },
  { commands: [{ commandId: "c2", events: 2 }] },
];
/** The second write takes a part only. */
export const fullLives: readonly Life[] = [
  { commands: two, tries: 1, faults: atCall(isRecord, { _tag: "Short", bytes: 150 }, 2) },
];
/** A bit of the second record comes out wrong. */
export const flippedLives: readonly Life[] = [
  { commands: two, doesDamage: true, faults: atCall(isRecord, { _tag: "Flipped", bit: 900 }, 2) },
];

/** Every way of life above, by name. */
export const crashLives: Readonly<Record<string, readonly Life[]>> = {
  usual: usualLives,
  torn: tornLives,
  unflushed: unflushedLives,
  lying: lyingLives,
  full: fullLives,
  flipped: flippedLives,
};
