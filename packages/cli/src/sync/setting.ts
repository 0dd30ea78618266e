/** Where what commands write is brought to: `--sync-to`, then `MISSION_LEDGER_SYNC_TO`; and for how long that is tried. */
import { parseDuration } from "../command/duration.ts";
import type { Environment, SyncSetting } from "../command/spec.ts";
import { usage } from "../output/problem.ts";
import { parseAddress } from "../store/address.ts";
import { syncVariable } from "./next-steps.ts";

export interface SyncQuestion {
  readonly syncTo: string | undefined;
  readonly env: Environment;
  readonly cwd: string;
}

/** How long a command that is done may wait for another store. */
const defaultWithinMs = 2_000;

/** `undefined` where nobody wants it. Throws `USAGE`. */
export const findSyncSetting = ({ syncTo, env, cwd }: SyncQuestion): SyncSetting | undefined => {
  const [decidedBy, address] =
    syncTo === undefined ? [syncVariable, env.MISSION_LEDGER_SYNC_TO ?? ""] : ["--sync-to", syncTo];
  if (address === "" && syncTo === undefined) return undefined;
  return { at: parseAddress(address, decidedBy, cwd), decidedBy, withinMs: withinOf(env) };
};

const withinOf = ({ MISSION_LEDGER_SYNC_WITHIN: within = "" }: Environment): number => {
  if (within === "") return defaultWithinMs;
  const milliseconds = parseDuration(within);
  if (milliseconds === undefined)
    throw usage(
      `MISSION_LEDGER_SYNC_WITHIN: ${JSON.stringify(within)} is not a duration such as 500ms or 5s`,
    );
  return milliseconds;
};
