/** The table of all commands, in the order in which help lists them. */
import type { CommandSpec } from "../command/spec.ts";
import { archive, checkArchive } from "./archive.ts";
import { board } from "./board.ts";
import { checkCopies } from "./check-copies.ts";
import { wpClaim, wpRecover, wpRelease, wpRenew } from "./claims.ts";
import { completion } from "./completion.ts";
import { copy } from "./copy.ts";
import { diff } from "./diff.ts";
import { doctor } from "./doctor.ts";
import { explain } from "./explain.ts";
import { focus } from "./focus.ts";
import { guard } from "./guard.ts";
import { help } from "./help.ts";
import { hold } from "./hold.ts";
import { hookInstall, hookUninstall } from "./hook.ts";
import { log, watch } from "./log.ts";
import { mergeDriver } from "./merge-driver.ts";
import { missionCreate, missionList, missionShow } from "./mission.ts";
import { missionReview } from "./mission-review.ts";
import { missionSet } from "./mission-settings.ts";
import { wpForce, wpMove, wpNote, wpSubtask } from "./moves.ts";
import { next } from "./next.ts";
import { override } from "./override.ts";
import { init, where } from "./place.ts";
import { preflight } from "./preflight.ts";
import { publish } from "./publish.ts";
import { ready } from "./ready.ts";
import { rebuild } from "./rebuild.ts";
import { reconcile } from "./reconcile.ts";
import { repair } from "./repair.ts";
import { restore } from "./restore.ts";
import { reviewCheck, reviewPrompt } from "./review-prompts.ts";
import { reviewPrune } from "./review-prune.ts";
import { reviewStart, reviewSubmit } from "./reviews.ts";
import { wpRevise } from "./revise.ts";
import { schema } from "./schema.ts";
import { ship } from "./ship.ts";
import { exportSpecKitty, importSpecKitty } from "./spec-kitty.ts";
import { sync } from "./sync.ts";
import { undo } from "./undo.ts";
import { unlock } from "./unlock.ts";
import { verify } from "./verify.ts";
import { wpAdd, wpList } from "./work-packages.ts";
import { wpShow } from "./wp-show.ts";

export const commands: readonly CommandSpec[] = [
  init,
  where,
  missionCreate,
  missionSet,
  missionList,
  missionShow,
  wpAdd,
  wpRevise,
  wpList,
  wpShow,
  wpClaim,
  wpRenew,
  wpRelease,
  wpRecover,
  hold,
  wpMove,
  wpForce,
  wpSubtask,
  wpNote,
  next,
  ready,
  reviewPrompt,
  reviewCheck,
  reviewStart,
  reviewSubmit,
  preflight,
  reviewPrune,
  missionReview,
  override,
  ship,
  guard,
  hookInstall,
  hookUninstall,
  focus,
  log,
  board,
  watch,
  diff,
  explain,
  undo,
  importSpecKitty,
  exportSpecKitty,
  publish,
  reconcile,
  checkCopies,
  copy,
  sync,
  archive,
  checkArchive,
  restore,
  rebuild,
  verify,
  doctor,
  mergeDriver,
  repair,
  unlock,
  schema,
  completion,
  help,
];
