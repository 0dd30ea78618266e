/** The store and the views that a rebuild is measured with. What a thread need not load is loaded when asked for. */
import path from "node:path";
import { projectionFold } from "@mission-ledger/core";
import { board, claims, lanesOfMission, missionCodec, ready, reviews } from "@mission-ledger/core/mission";

export const allViews = [board, ready, claims, reviews].map((view) => projectionFold(view, missionCodec));
export const lanesOnly = [projectionFold(lanesOfMission, missionCodec)];

export const databaseIn = (directory) => path.join(directory, "ledger.db");

export const openGround = async (directory, store) => {
  if (store === "file") {
    const { fileSnapshots, openFileStore } = await import("@mission-ledger/store-file");
    return { store: await openFileStore({ directory }), snapshots: fileSnapshots({ directory }) };
  }
  const { openSqliteStore, sqliteSnapshots } = await import("@mission-ledger/store-sqlite");
  const at = databaseIn(directory);
  return { store: await openSqliteStore({ path: at }), snapshots: sqliteSnapshots({ path: at }) };
};
