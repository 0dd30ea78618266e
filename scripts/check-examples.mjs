/** Runs every example: its test, with nothing but what its package.json declares. Ends with one line: `N passed, N failed`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { check, endsWell, finish } from "./checklist.mjs";
import { npm, root, run } from "./programs.mjs";

const corpus = process.env.MISSION_LEDGER_CORPUS ?? path.resolve(root, "../shared/corpus");

for (const name of readdirSync(path.join(root, "examples")).sort()) {
  const cwd = path.join(root, "examples", name);
  const manifest = path.join(cwd, "package.json");
  if (!existsSync(manifest)) continue;
  const { scripts = {} } = JSON.parse(readFileSync(manifest, "utf8"));
  if (scripts.test === undefined)
    await check(`examples/${name} runs`, async () =>
      endsWell(await run(npm("start"), { cwd, capture: "all" })),
    );
  else
    await check(`examples/${name} passes its test`, async () =>
      endsWell(await run(npm("test"), { cwd, capture: "all" })),
    );
}

await check("the demo runs on SQLite", async () => {
  const output = endsWell(
    await run([process.execPath, "examples/demo/main.mjs", "--store", "sqlite"], { capture: "all" }),
  );
  if (!/one ledger in sqlite:/.test(output)) throw new Error(output);
});

const missions = path.join(corpus, "spec-kitty");
if (existsSync(missions))
  await check("the demo takes in a folder of real missions", async () => {
    const output = endsWell(
      await run([process.execPath, "examples/demo/main.mjs", missions], { capture: "all" }),
    );
    if (!/^ok {4}.* digests/m.test(output)) throw new Error(output);
  });
else console.log(`      no real missions at ${missions}: that demo is not run`);
finish();
