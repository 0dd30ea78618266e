/** The remotes that are configured, by name. */
import type { GitPlace } from "../run/git-place.ts";
import { askGit } from "../run/run-git.ts";

/** In the order of their names. Nobody is asked whether they answer. */
export const readRemotes = async (place: GitPlace): Promise<readonly string[]> =>
  (await askGit(place, ["remote"])).split("\n").filter(Boolean).sort();
