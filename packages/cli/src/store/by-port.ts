/** A store of any kind as a side of a copy through the port that all kinds have: for what only knows commits. */
import { storeTransfer, type TransferTarget } from "@mission-ledger/core";
import { missionCategory } from "@mission-ledger/core/mission";
import type { OpenedStore } from "./store-kind.ts";

/** Closes the store with the side. */
export const transferByPort = ({ store }: Pick<OpenedStore, "store">): TransferTarget => ({
  ...storeTransfer(store, [missionCategory]),
  close: () => store.close(),
});
