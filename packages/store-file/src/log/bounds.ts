/** Bounds on what is stored, checked before anything is written and again on reading. Source: durability rules, section 4. */
import { maxJsonDepth } from "@mission-ledger/core";

/** No line is longer, whatever a store was told; a reader gives up on a longer one. */
export const hardRecordBytes = 1_048_576;
/**
 * No longer line is written or taken in. A record that moves to another log, or is decided against, gets a longer number and a
 * mark there, and a torn one its seal: 41 bytes at most.
 */
export const longestRecordBytes: number = hardRecordBytes - 64;
export const defaultRecordBytes = 65_536;

/** A record's data lies three levels deep in its line: the record, its list of events, the event. */
export const deepestLine: number = maxJsonDepth + 3;
