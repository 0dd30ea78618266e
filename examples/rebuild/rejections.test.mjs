import { test } from "node:test";
import { missionCodec } from "@mission-ledger/core/mission";
import { missionEvents, projectionLaws } from "@mission-ledger/testkit";
import { rejections } from "./rejections.mjs";

const events = missionEvents({ maxSteps: 25 });
for (const { name, check } of projectionLaws(rejections, missionCodec, { events }))
  test(name, () => check({ numRuns: 20 }));
