/**
 * Stores that are broken where they meet the disk: each has one deliberate fault, lives that bring it out, and the check that
 * has to see it. They say whether a crash test can be trusted, and they are made from any store on the simulated disk's port.
 */
import { brokenAnswers } from "./broken-answers.ts";
import type { BrokenDisk } from "./broken-disk.ts";
import { brokenFlushes } from "./broken-flushes.ts";
import { brokenLines } from "./broken-lines.ts";

export const brokenDisks: readonly BrokenDisk[] = [...brokenFlushes, ...brokenLines, ...brokenAnswers];
