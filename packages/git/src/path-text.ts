/**
 * Paths of a repository as text. Git's paths are bytes; nearly all are UTF-8 and stay what they are. A byte that is not
 * becomes one lone surrogate, U+DC80 to U+DCFF, which no UTF-8 decodes to: different paths stay different, and each can be
 * turned back. Source: PEP 383.
 */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Exact for every sequence of bytes: `pathBytes` gives them back. */
export const pathText = (bytes: Uint8Array): string => {
  try {
    return strict.decode(bytes);
  } catch {
    return escaped(bytes);
  }
};

/** The bytes git has for a path of this package. */
export const pathBytes = (text: string): Buffer =>
  Buffer.concat(
    text
      .split(/([\udc80-\udcff])/u)
      .map((part) =>
        /^[\udc80-\udcff]$/u.test(part)
          ? Buffer.from([part.charCodeAt(0) - 0xdc00])
          : Buffer.from(part, "utf8"),
      ),
  );

/** The longest whole character at each place, else one byte. */
const escaped = (bytes: Uint8Array): string => {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = wholeCharacter(bytes, at);
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + (bytes[at] as number))
        : strict.decode(bytes.subarray(at, at + length));
    at += Math.max(1, length);
  }
  return text;
};

const wholeCharacter = (bytes: Uint8Array, at: number): number => {
  const first = bytes[at] as number;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  try {
    return at + length <= bytes.length && strict.decode(bytes.subarray(at, at + length)) !== "" ? length : 0;
  } catch {
    return 0;
  }
};
