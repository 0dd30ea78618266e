/** The rigs by name. One line each: a rig is loaded only when it runs. */
export const rigs = {
  kill: () => import("./kill.mjs"),
  "driver-triples": () => import("./driver-triples.mjs"),
  "git-merges": () => import("./git-merges.mjs"),
  merges: () => import("./merges.mjs"),
  locks: () => import("./locks.mjs"),
  "log-bytes": () => import("./log-bytes.mjs"),
  json: () => import("./json.mjs"),
  yaml: () => import("./yaml.mjs"),
  globs: () => import("./globs.mjs"),
  names: () => import("./names.mjs"),
  "command-line": () => import("./command-line.mjs"),
  views: () => import("./views.mjs"),
  signals: () => import("./signals.mjs"),
  clocks: () => import("./clocks.mjs"),
  sequences: () => import("./sequences.mjs"),
  "bit-flips": () => import("./bit-flips.mjs"),
};
