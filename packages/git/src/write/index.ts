/** What is written to git: objects, and branches that were not there. Facts are read elsewhere, and know nothing of this. */

export {
  type BranchPlace,
  type CreatedBranch,
  createBranch,
  type NewBranch,
  readBranchPlace,
} from "./branches.ts";
export { writeCommit } from "./commits.ts";
export { type ScratchOptions, withScratch } from "./scratch.ts";
export { indexOfCommit, type PathContent, type TreeIndex } from "./trees.ts";
