/** Where and how git is asked. Every function of this package takes one. */
import type { CancelSignal } from "@mission-ledger/core";

export interface GitPlace {
  /**
   * Absolute. Any folder of a work tree, of a bare repository or of git's own folder. `GIT_DIR` and its like in `env` win, as
   * they do for git: a hook that asks about another repository leaves them out.
   */
  readonly cwd: string;
  /**
   * The environment, from which only what git needs is taken: `PATH`, `HOME`, git's own.
   * @defaultValue empty
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** @defaultValue "git" */
  readonly program?: string;
  /** How long one run of git may take. @defaultValue 30000 */
  readonly timeoutMs?: number;
  /** How much one run of git may answer; more is `GIT_LIMIT_EXCEEDED`, never a shorter answer. @defaultValue 67108864 */
  readonly maxOutputBytes?: number;
  /** Ends what is running; the call is then rejected with the signal's reason. */
  readonly signal?: CancelSignal;
}
