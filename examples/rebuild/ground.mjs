import { deciderFold, projectionFold } from "@mission-ledger/core";
import { board, claims, mission, missionCodec, ready, reviews } from "@mission-ledger/core/mission";
import { fileSnapshots, openFileStore } from "@mission-ledger/store-file";

/** A view of your own, made beside those that come along. */
const rejections = {
  name: "acme-rejections",
  version: 1,
  initial: {},
  when: {
    ReviewSubmitted: (view, { workPackageId, verdict }) => {
      if (verdict === "changes_requested") view[workPackageId] = (view[workPackageId] ?? 0) + 1;
      return view;
    },
  },
};

export const openGround = async ({ directory }) => ({
  store: await openFileStore({ directory }),
  snapshots: fileSnapshots({ directory }),
  folds: [
    deciderFold(mission, missionCodec), // what commands are decided on
    ...[board, ready, claims, reviews, rejections].map((view) => projectionFold(view, missionCodec)),
  ],
});
