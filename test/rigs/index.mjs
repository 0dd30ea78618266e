/** The rigs by name. One line each: a rig is loaded only when it runs. */
export const rigs = {
  kill: () => import("./kill.mjs"),
  "driver-triples": () => import("./driver-triples.mjs"),
  "git-merges": () => import("./git-merges.mjs"),
  merges: () => import("./merges.mjs"),
  locks: () => import("./locks.mjs"),
};
