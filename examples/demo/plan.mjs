/** The mission of the demo: ten work packages that depend on each other, two of them in one shared worktree. */

export const slug = "passkeys";
export const title = "Log in with passkeys";

/** As short as the ledger allows, so that the demo need not wait long for a dead agent's lease to end. */
export const leaseMs = 1_500;

const workPackage = (workPackageId, title, dependsOn, subtasks, executionLane = null) => ({
  workPackageId,
  title,
  dependsOn,
  owns: [`src/${workPackageId.toLowerCase()}/**`],
  subtasks: subtasks.map((subtask, index) => ({ id: `T${index + 1}`, title: subtask })),
  executionLane,
});

export const workPackages = [
  workPackage("WP01", "Credential model", [], ["table and migration", "queries"]),
  workPackage("WP02", "Registration endpoint", ["WP01"], ["challenge", "attestation", "limits"]),
  workPackage("WP03", "Login endpoint", ["WP01"], ["challenge", "assertion"]),
  workPackage("WP04", "Session tokens", ["WP01"], ["issue", "revoke"]),
  workPackage("WP05", "Registration form", ["WP02"], ["markup", "errors"], "lane-ui"),
  workPackage("WP06", "Login form", ["WP03"], ["markup", "autofill"], "lane-ui"),
  workPackage("WP07", "Account recovery", ["WP02", "WP04"], ["codes", "mail"]),
  workPackage("WP08", "Audit log", ["WP04"], ["events"]),
  workPackage("WP09", "End-to-end tests", ["WP05", "WP06", "WP07"], ["happy path", "attacks"]),
  workPackage("WP10", "Rollout", ["WP08", "WP09"], ["flag", "guide"]),
];

export const titleOf = (workPackageId) =>
  workPackages.find((one) => one.workPackageId === workPackageId)?.title ?? "";

/** Killed in the middle of this package, whoever works on it. */
export const fatalPackage = "WP02";
/** Its first review asks for changes. */
export const rejectedPackage = "WP04";
