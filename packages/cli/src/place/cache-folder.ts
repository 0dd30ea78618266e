/** The folder of this user for what can be made again at any time. */
import path from "node:path";
import type { Environment } from "../command/spec.ts";

/**
 * `undefined` where nothing says whose home this is.
 *
 * Source: XDG Base Directory Specification 0.8: `$XDG_CACHE_HOME` if it is an absolute path, else `~/.cache`.
 */
export const cacheFolderOf = ({
  XDG_CACHE_HOME: cache = "",
  HOME: home = "",
  LOCALAPPDATA: local = "",
}: Environment): string | undefined => {
  const folder = path.isAbsolute(cache)
    ? cache
    : path.isAbsolute(local)
      ? local
      : path.isAbsolute(home)
        ? path.join(home, ".cache")
        : undefined;
  return folder === undefined ? undefined : path.join(folder, "mission-ledger");
};
