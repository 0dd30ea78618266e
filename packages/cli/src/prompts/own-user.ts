/** Whose files are whose: asked of the system, since an environment says what anybody wrote into it. */
import * as own from "node:process";

/** The number of the user that files made here belong to; `undefined` on Windows, where a user's folders are the user's own. */
export const ownUser = (): number | undefined => {
  const user = own.geteuid?.();
  // Packed without this function, a program would trust everybody.
  if (user === undefined && own.platform !== "win32")
    throw new TypeError("the system does not say who we are");
  return user;
};
