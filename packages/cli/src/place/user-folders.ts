/** The folders of this user. Source: XDG Base Directory Specification 0.8. */
import path from "node:path";
import type { Environment } from "../command/spec.ts";

/**
 * For what can be made again at any time: below `$XDG_CACHE_HOME` if that is an absolute path, else `~/.cache`; on Windows local
 * application data. `undefined` where nothing says whose home this is.
 */
export const cacheFolderOf = (env: Environment): string | undefined =>
  folderOf(env, env.XDG_CACHE_HOME, ".cache");

/** For what belongs to this machine and cannot be made again: in the same way `$XDG_STATE_HOME`, else `~/.local/state`. */
export const stateFolderOf = (env: Environment): string | undefined =>
  folderOf(env, env.XDG_STATE_HOME, ".local", "state");

const folderOf = (
  { HOME: home = "", LOCALAPPDATA: local = "" }: Environment,
  named = "",
  ...belowHome: readonly string[]
): string | undefined => {
  const atHome = path.isAbsolute(home) ? path.join(home, ...belowHome) : undefined;
  const folder = path.isAbsolute(named) ? named : path.isAbsolute(local) ? local : atHome;
  return folder === undefined ? undefined : path.join(folder, "mission-ledger");
};
