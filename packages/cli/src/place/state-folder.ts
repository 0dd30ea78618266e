/** The folder of this user for what belongs to this machine and cannot be made again. */
import path from "node:path";
import type { Environment } from "../command/spec.ts";

/**
 * `undefined` where nothing says whose home this is.
 *
 * Source: XDG Base Directory Specification 0.8: `$XDG_STATE_HOME` if it is an absolute path, else `~/.local/state`.
 */
export const stateFolderOf = ({
  XDG_STATE_HOME: state = "",
  HOME: home = "",
  LOCALAPPDATA: local = "",
}: Environment): string | undefined => {
  const folder = path.isAbsolute(state)
    ? state
    : path.isAbsolute(local)
      ? local
      : path.isAbsolute(home)
        ? path.join(home, ".local", "state")
        : undefined;
  return folder === undefined ? undefined : path.join(folder, "mission-ledger");
};
