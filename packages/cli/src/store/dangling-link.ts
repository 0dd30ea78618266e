/** Links on the way to a ledger behind which nothing is: a disk that is not mounted, a folder that was moved. */
import fs from "node:fs";
import path from "node:path";

export interface DanglingLink {
  /** The link nobody gets past: the path itself, or a folder above it. */
  readonly link: string;
  /** Where it leads in the end, over links in between; `undefined` if in a circle, or if that cannot be told. */
  readonly target: string | undefined;
}

/** The link that a path ends at, although something stands under its name. Reads only; never throws. */
export const danglingLink = (at: string): DanglingLink | undefined => {
  for (let link = path.resolve(at); ; link = path.dirname(link)) {
    const status = statusOf(link);
    if (status?.isSymbolicLink() === true)
      return leadsNowhere(link) ? { link, target: endOf(link) } : undefined;
    if (status !== undefined || link === path.dirname(link)) return undefined;
  }
};

const statusOf = (at: string): fs.Stats | undefined => {
  try {
    return fs.lstatSync(at);
  } catch {
    return undefined;
  }
};

const leadsNowhere = (link: string): boolean => {
  try {
    fs.statSync(link);
    return false;
  } catch (error) {
    return ["ELOOP", "ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
};

const endOf = (link: string): string | undefined => {
  const passed = new Set<string>();
  try {
    for (let at = link; !passed.has(at); ) {
      passed.add(at);
      // From the folder itself: above a folder that is linked as well, `..` is not where its name says.
      at = path.resolve(fs.realpathSync(path.dirname(at)), fs.readlinkSync(at));
      if (statusOf(at)?.isSymbolicLink() !== true) return at;
    }
  } catch {
    // Somebody took it away meanwhile, or a folder on the way is a link that leads nowhere itself.
  }
  return undefined;
};

/** As the end of a sentence about something that is not there. */
export const danglingWords = ({ link, target }: DanglingLink): string =>
  target === undefined
    ? `${link} is a link that leads nowhere`
    : `${link} is a link to ${target}, and nothing is there`;
