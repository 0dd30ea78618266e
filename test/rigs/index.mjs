/** The rigs by name. One line each: a rig is loaded only when it runs. */
export const rigs = {
  kill: () => import("./kill.mjs"),
  merges: () => import("./merges.mjs"),
};
