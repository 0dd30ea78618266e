/** Everything that is remembered about a mission: the state that commands are decided on, and what people look at. */
import { deciderFold, type FoldSpec, projectionFold } from "@mission-ledger/core";
import { board, claims, mission, missionCodec, ready, reviews } from "@mission-ledger/core/mission";

export const folds: readonly { readonly view: string; readonly spec: FoldSpec<unknown> }[] = [
  { view: "state", spec: deciderFold(mission, missionCodec) as FoldSpec<unknown> },
  { view: "board", spec: projectionFold(board, missionCodec) as FoldSpec<unknown> },
  { view: "ready", spec: projectionFold(ready, missionCodec) as FoldSpec<unknown> },
  { view: "claims", spec: projectionFold(claims, missionCodec) as FoldSpec<unknown> },
  { view: "reviews", spec: projectionFold(reviews, missionCodec) as FoldSpec<unknown> },
];
