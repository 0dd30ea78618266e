/** Texts of a source as they may stand in events: whole characters, bounded, never blank where that is refused. */

/** Lone surrogates become U+FFFD; every Node we support has the method, its library types come later. */
export const wellFormed = (text: string): string =>
  (text as unknown as { toWellFormed(): string }).toWellFormed();

/** At most `max` UTF-16 units, cut between characters and marked with an ellipsis. */
export const clip = (text: string, max: number): string => {
  if (text.length <= max) return wellFormed(text);
  const last = text.charCodeAt(max - 2);
  const cut = last >= 0xd800 && last <= 0xdbff ? max - 2 : max - 1;
  return `${wellFormed(text.slice(0, cut))}…`;
};

/** Bytes of the text as a string in JSON, without its quotes. */
export const jsonBytes = (text: string): number => {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) bytes += unitBytes(text.charCodeAt(index));
  return bytes;
};

/** Bytes of one UTF-16 unit in JSON text; half of a pair counts as half of its four bytes. */
export const unitBytes = (unit: number): number => {
  if (unit < 0x20)
    return unit === 0x0a || unit === 0x0d || unit === 0x09 || unit === 0x08 || unit === 0x0c ? 2 : 6;
  if (unit < 0x80) return unit === 0x22 || unit === 0x5c ? 2 : 1;
  if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) return 2;
  return 3;
};
