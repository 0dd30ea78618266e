/** Real Spec Kitty missions: import all, prove all, show the ten largest and what was found. */
import path from "node:path";
import { mled, mledJson } from "./mled.mjs";
import { bad, check, dim, heading, print, strong } from "./story.mjs";

const shown = 10;

export const importSpecKitty = async (store, folders) => {
  // npm starts a script in the package's folder; a relative folder means the one the user stands in.
  const from = process.env.INIT_CWD ?? process.cwd();
  const begun = performance.now();
  const imported = await mledJson(
    "import",
    "spec-kitty",
    ...folders.map((folder) => path.resolve(from, folder)),
    "--store",
    store,
  );
  const all = imported.data?.missions ?? [];
  const missions = all.filter(({ error }) => error === null || error === undefined);
  const sum = (count) => missions.reduce((total, mission) => total + count(mission), 0);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  print(strong(`${missions.length} missions imported in ${seconds} s`));
  print(
    `${sum(({ rows }) => rows)} rows: ${sum(({ transitions }) => transitions)} transitions, ${sum(({ annotations }) => annotations)} annotations; ` +
      `${sum(({ workPackages }) => Object.keys(workPackages).length)} work packages`,
  );
  if (imported.error) print(bad(`${imported.error.code}: ${imported.error.message}`));
  for (const warning of (imported.warnings ?? []).slice(0, shown)) print(dim(warning));

  for (const { slug, rows } of missions.toSorted((a, b) => b.rows - a.rows).slice(0, shown)) {
    heading(`${slug}   ${rows} rows`);
    const { stdout } = await mled("board", slug, "--store", store);
    // What needs attention is counted below the board; doctor lists it.
    print(stdout.replace(/^(?:! |\d+ more: ).*\n/gm, "").trimEnd());
  }

  heading("Findings: what the logs hold that their own rules forbid. Kept as it was, and reported");
  const findings = new Map();
  for (const mission of missions)
    for (const [kind, count] of Object.entries(mission.findings)) {
      const { total = 0, logs = 0 } = findings.get(kind) ?? {};
      findings.set(kind, { total: total + count, logs: logs + (count > 0 ? 1 : 0) });
    }
  for (const [kind, { total, logs }] of [...findings].sort(([, a], [, b]) => b.total - a.total))
    if (total > 0)
      print(`${String(total).padStart(6)}  ${kind.replaceAll("_", " ")}   ${dim(`in ${logs} missions`)}`);
  if (findings.size === 0) print("none");

  heading("Verification");
  const { ok, data, error } = await mledJson("verify", "--store", store);
  const { digests, chain, views } = data ?? {};
  check(
    ok && digests.equal === digests.checked,
    `${digests?.equal} of ${digests?.checked} event digests computed again and equal`,
  );
  check(ok && chain.unbroken, "the chain of every mission is unbroken");
  check(
    ok && views.equal === views.compared,
    `${views?.equal} of ${views?.compared} views equal a rebuild from the first event`,
  );
  if (error) print(bad(`${error.code}: ${error.message}`));
  print(dim(`\nLook around:\n  npx mled mission list --store ${store}\n  npx mled doctor --store ${store}`));
  return imported.ok === true && ok === true && missions.length > 0;
};
