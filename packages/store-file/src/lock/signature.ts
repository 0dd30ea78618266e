/** Who took a kernel lock, written into its file for the one who waits in vain. */
import type { FilePort } from "../files/file-port.ts";
import { openRegular, readFully, readOnly } from "../files/safe-files.ts";
import { type Claim, claimText, longestClaim, parseClaim } from "./claim.ts";

/** Best effort: it is only a hint for an error message. Costs less than can be told from the flush that follows. */
export const sign = (files: FilePort, fd: number, claim: Claim): void => {
  try {
    const text = claimText(claim);
    files.write(fd, text, 0, text.length, 0);
  } catch {
    // Then somebody else is named, as the last who is known.
  }
};

/** What the last holder signed with; `undefined` if nobody did. */
export const lastSignature = (files: FilePort, path: string): Claim | undefined => {
  try {
    const { fd } = openRegular(files, path, readOnly);
    try {
      const text = readFully(files, fd, 0, longestClaim).toString("latin1");
      return parseClaim(text.slice(0, text.indexOf("\n") + 1));
    } finally {
      files.close(fd);
    }
  } catch {
    return undefined;
  }
};
