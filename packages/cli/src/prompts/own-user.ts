/** Whose files are whose: asked of the system, since an environment says what anybody wrote into it. */
import * as own from "node:process";

/** The number of the user that files made here belong to; `undefined` on Windows, where a user's folders are the user's own. */
export const ownUser = (): number | undefined => own.geteuid?.();
