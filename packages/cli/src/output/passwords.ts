/** Passwords in connection strings, kept out of everything that is shown. */

/** What stands for a password. */
export const hiddenPassword = "***";

const scheme = /^(?:esdb|kurrentdb|kurrent|kdb)(?:\+discover)?:/i;

/** Whether an address begins as one of a server. */
export const isServerAddress = (address: string): boolean => scheme.test(address);

/** Credentials as they should be written; what is in them cannot be mistaken for anything else. */
const wellWritten = /^([a-z+]+:\/\/)([^:@/?#\s]*)(:[^@/?#\s]*)?@(?=[^@]*$|[^@?]*\?)/i;

/**
 * An address of a server without its password. Where somebody forgot to encode a character, it cannot be told where the
 * password ends: then everything before the last `@` is taken out.
 */
export const hideInAddress = (address: string): string =>
  wellWritten.test(address)
    ? address.replace(wellWritten, (_, before: string, user: string, password?: string) =>
        password === undefined ? `${before}${user}@` : `${before}${user}:${hiddenPassword}@`,
      )
    : address.replace(/^([a-z+]+:\/{0,2}).*@/is, `$1${hiddenPassword}@`);

/** Connection strings in any text, up to where they can end. */
const anywhere = /(?:esdb|kurrentdb|kurrent|kdb)(?:\+discover)?:\/{0,2}[^\s"'`<>]*/gi;

/** Text that may quote an address, without the password in it. */
export const hidePasswords = (text: string): string => text.replace(anywhere, hideInAddress);
