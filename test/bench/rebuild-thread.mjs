/** A thread of a measured rebuild. */
import { serveRebuild } from "@mission-ledger/rebuild";
import { allViews, openGround } from "./rebuild-views.mjs";

await serveRebuild(async ({ directory, store }) => ({
  ...(await openGround(directory, store)),
  folds: allViews,
}));
