/** What snapshots remember against what the log holds: an older copy of a log shows itself here, and nowhere else. */
import { type CancelSignal, isDecidedAgainst } from "@mission-ledger/core";
import { type Ledger, missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import type { LogProblem } from "../command/check-log.ts";
import { folds } from "../rebuild/folds.ts";

/** At most one problem: the last event that was remembered and is not in the log any more. Reads only. */
export const checkRemembered = async (
  { store, snapshots }: Ledger,
  stream: string,
  signal: CancelSignal | undefined,
): Promise<readonly LogProblem[]> => {
  const remembered = new Map<string, number>();
  for (const { spec } of folds) {
    const snapshot = await snapshots.load({ stream, name: spec.name, version: spec.version });
    const { revision = -1, digest = null } = snapshot?.head ?? {};
    if (revision >= 0) remembered.set(`${revision} ${digest}`, revision);
  }
  if (remembered.size === 0) return [];
  const to = Math.max(...remembered.values());
  // After the snapshots: what they remember was written before they were.
  let end = -1;
  for await (const batch of store.read(stream, { to, ...(signal === undefined ? {} : { signal }) }))
    for (const { revision, digest } of batch) {
      remembered.delete(`${revision} ${digest}`);
      end = revision;
    }
  for (const [key, revision] of remembered)
    if (await isDecidedAgainst(store, stream, { revision, digest: null }, signal)) remembered.delete(key);
  const gone = Math.max(-1, ...remembered.values());
  if (gone < 0) return [];
  const there =
    end >= gone ? "another one stands there" : end < 0 ? "it holds none" : `it ends at event ${end}`;
  const message = `the log of ${stream} no longer holds event ${gone}, which was remembered: ${there}`;
  return [{ code: "LOG_REPLACED", stream, revision: gone, offset: null, message }];
};

/**
 * The same of missions that the ledger does not hold at all any more, where what is remembered can be listed; of those slugs it
 * is known already.
 */
export const checkForgotten = async (
  ledger: Ledger,
  known: ReadonlySet<string>,
  signal: CancelSignal | undefined,
): Promise<readonly LogProblem[]> => {
  const remembered = (await ledger.snapshots.streams?.(missionCategory)) ?? [];
  const problems: LogProblem[] = [];
  for (const stream of remembered)
    if (!known.has(slugOfStream(stream)) && (await ledger.store.head(stream)).revision < 0)
      problems.push(...(await checkRemembered(ledger, stream, signal)));
  return problems;
};
