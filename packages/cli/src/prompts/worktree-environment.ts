/** What git may know when a worktree was named. */
import type { Environment } from "../command/spec.ts";

/** What a hook is told of its own repository says nothing about a worktree that was named. */
export const withoutRedirection = (env: Environment): Environment =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        ![
          "GIT_ALTERNATE_OBJECT_DIRECTORIES",
          "GIT_COMMON_DIR",
          "GIT_DIR",
          "GIT_INDEX_FILE",
          "GIT_OBJECT_DIRECTORY",
          "GIT_WORK_TREE",
        ].includes(name),
    ),
  );
