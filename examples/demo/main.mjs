/**
 * `npm run demo`: several agent processes race through one mission on the embedded file store; one of them is killed.
 * `npm run demo -- <folder>`: the same ledger on real Spec Kitty missions.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { raceThroughMission } from "./race.mjs";
import { importSpecKitty } from "./spec-kitty.mjs";

const folders = process.argv.slice(2);
const directory = path.join(mkdtempSync(path.join(tmpdir(), "mission-ledger-demo-")), "ledger");
const holds =
  folders.length === 0 ? await raceThroughMission(directory) : await importSpecKitty(directory, folders);
process.exitCode = holds ? 0 : 1;
