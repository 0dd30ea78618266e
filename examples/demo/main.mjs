/**
 * `npm run demo`: several agent processes race through one mission on the embedded file store; one of them is killed.
 * `npm run demo -- --store sqlite`: the same race on a SQLite database.
 * `npm run demo -- <folder>`: the same ledger on real Spec Kitty missions.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { raceThroughMission } from "./race.mjs";
import { importSpecKitty } from "./spec-kitty.mjs";

const { values, positionals: folders } = parseArgs({
  options: { store: { type: "string", default: "file" } },
  allowPositionals: true,
});
const place = mkdtempSync(path.join(tmpdir(), "mission-ledger-demo-"));
const addresses = {
  file: `file:${path.join(place, "ledger")}`,
  sqlite: `sqlite:${path.join(place, "ledger.db")}`,
};
const address = addresses[values.store];
if (address === undefined) {
  console.error(`--store ${values.store}: there are ${Object.keys(addresses).join(" and ")}`);
  process.exit(2);
}
const holds =
  folders.length === 0 ? await raceThroughMission(address) : await importSpecKitty(address, folders);
process.exitCode = holds ? 0 : 1;
