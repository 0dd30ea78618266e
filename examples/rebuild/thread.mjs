import { serveRebuild } from "@mission-ledger/rebuild";
import { openGround } from "./ground.mjs";

serveRebuild(openGround); // gets what `data` says, opens a store of its own
