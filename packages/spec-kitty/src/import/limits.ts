/** Bounds of an import: what fits into one command, and how much of a source's texts is repeated outside the source itself. */

/**
 * Bytes of one command as JSON. A record of a store holds 64 KiB; the rest is for envelopes and escaping.
 */
export const maxCommandBytes: number = 48 * 1024;

/** Bytes that a store adds to each event: ids, digests, times. */
export const envelopeBytes = 640;

/** Events of one command. Source: the kernel's limit on commits. */
export { maxEventsPerCommit as maxEventsPerCommand } from "@mission-ledger/core";

/** Bytes of one piece of a source file as JSON. */
export const maxChunkBytes: number = 24 * 1024;

/** Bytes of an annotation's delta beside the source, as JSON. */
export const maxDeltaBytes: number = 8 * 1024;

/** Characters; longer texts are cut, since the source keeps them whole. */
export const maxLengths = {
  at: 64,
  by: 200,
  sourceEventId: 128,
  reason: 2_000,
  reviewer: 200,
  reference: 1_000,
  verdict: 64,
  deltaText: 2_000,
  fileName: 200,
} as const;

/** Nesting of an annotation's delta beside the source. */
export const maxDeltaDepth = 8;

/** Bytes of the list of files with which an import begins. */
export const maxFileListBytes: number = 40 * 1024;
