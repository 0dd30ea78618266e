/** From what a person calls a mission or a work package to which one it is. Never a silent pick between two. */
import { type CancelSignal, LedgerError, type Moment } from "@mission-ledger/core";
import type { Ledger, Mission, OpenMission, WorkPackage } from "@mission-ledger/core/mission";
import { findWorkPackage, missionStream } from "@mission-ledger/core/mission";
import { CliError } from "../output/problem.ts";
import { nearest } from "../output/suggest.ts";
import { isOfOneLog } from "./incomplete.ts";

export interface Ref {
  readonly slug: string;
  readonly workPackageId: string;
}

export const formatRef = ({ slug, workPackageId }: Ref): string => `${slug}/${workPackageId}`;

/** `mission/WP01`, or `WP01` where only one mission has it. Asks the ledger only in the second case. */
export const resolveRef = async (
  ledger: Ledger,
  text: string,
  nobodyHasIt = `no mission has a work package ${text}`,
): Promise<Ref> => {
  const slash = text.indexOf("/");
  if (slash > 0 && slash < text.length - 1)
    return { slug: text.slice(0, slash), workPackageId: text.slice(slash + 1) };
  if (slash >= 0) throw new CliError("USAGE", `${text} is not a reference such as passkeys/WP01`);
  const slugs = await ledger.missions();
  if (slugs.length === 1) return { slug: slugs[0] as string, workPackageId: text };
  const holding: string[] = [];
  let unreadable: unknown;
  for (const slug of slugs)
    try {
      const state = await ledger.mission(slug).state();
      if (state._tag === "Open" && findWorkPackage(state, text) !== undefined) holding.push(slug);
    } catch (error) {
      if (!isOfOneLog(error)) throw error;
      unreadable ??= error;
    }
  // It may be in the one that cannot be read; "there is none" would be a guess.
  if (holding.length === 0 && unreadable !== undefined) throw unreadable;
  if (holding.length === 1) return { slug: holding[0] as string, workPackageId: text };
  if (holding.length === 0)
    throw slugs.includes(text)
      ? new CliError("NOT_FOUND", `${text} is a mission, and no work package`, {
          details: { mission: text, workPackageId: text },
        })
      : new CliError("NOT_FOUND", nobodyHasIt, { details: { workPackageId: text } });
  throw new CliError("AMBIGUOUS_REF", `${text} is in ${holding.length} missions: ${holding.join(", ")}`, {
    hint: `Say which: ${holding[0]}/${text}.`,
    details: { workPackageId: text, missions: holding },
  });
};

/** A mission, or one work package of it. */
export interface Subject {
  readonly slug: string;
  /** `undefined` for the mission itself. */
  readonly workPackageId: string | undefined;
  /** As it is written. */
  readonly name: string;
}

/** A mission goes before a work package of the same name, which can be written with its mission. */
export const resolveSubject = async (ledger: Ledger, about: string): Promise<Subject> => {
  if (!about.includes("/") && (await ledger.missions()).includes(about))
    return { slug: about, workPackageId: undefined, name: about };
  const ref = await resolveRef(ledger, about, `there is neither a mission nor a work package ${about}`);
  return { ...ref, name: formatRef(ref) };
};

/** More than a line holds help nobody to choose. */
const mostShown = 5;

/** The mission of that name, or the only one when nobody names any. */
export const resolveMission = async (ledger: Ledger, slug: string | undefined): Promise<string> => {
  if (slug !== undefined) return slug;
  const slugs = await missionsWithEvents(ledger);
  if (slugs.length === 1) return slugs[0] as string;
  if (slugs.length === 0)
    throw new CliError("NOT_FOUND", "there is no mission in this ledger yet", { details: { missions: [] } });
  const shown = slugs.slice(0, mostShown).join(", ");
  throw new CliError("AMBIGUOUS_REF", `there are ${slugs.length} missions; say which one`, {
    hint: `Say which: ${shown}${slugs.length > mostShown ? ", …" : ""}.`,
    details: { missions: slugs.slice(0, 50) },
  });
};

/** A log without any event, or something that is no log, is no mission and makes no other one ambiguous. */
const missionsWithEvents = async (ledger: Ledger): Promise<readonly string[]> => {
  const slugs = await ledger.missions();
  if (slugs.length < 2) return slugs;
  const begun: string[] = [];
  for (const slug of slugs) {
    const head = await ledger.store.head(missionStream(slug)).catch((error: unknown) => {
      if (!isOfOneLog(error)) throw error;
      return error;
    });
    if (LedgerError.is(head) ? head.code !== "UNSAFE_FILE" : head.revision >= 0) begun.push(slug);
  }
  return begun;
};

/** The named missions, or all. Throws `NOT_FOUND` for a name that is none. */
export const selectMissions = async (
  ledger: Ledger,
  slug: string | undefined,
): Promise<readonly string[]> => {
  // A mission with events is found without a list of thousands.
  if (slug !== undefined && (await hasEvents(ledger, slug))) return [slug];
  const slugs = await ledger.missions();
  if (slug === undefined) return slugs;
  if (slugs.includes(slug)) return [slug];
  throw missionNotFound(slug, slugs);
};

const hasEvents = async (ledger: Ledger, slug: string): Promise<boolean> => {
  try {
    return (await ledger.store.head(missionStream(slug))).revision >= 0;
  } catch {
    // Whoever reads it will say what is wrong, if there is such a mission.
    return false;
  }
};

export const openMission = async (
  ledger: Ledger,
  slug: string,
  signal?: CancelSignal,
  at?: Moment,
): Promise<OpenMission> => {
  const handle = ledger.mission(slug);
  const state: Mission = await (at === undefined ? handle.state(signal) : handle.stateAt(at, signal));
  if (state._tag === "Open") return state;
  throw missionNotFound(slug, await ledger.missions());
};

export const openWorkPackage = (mission: OpenMission, workPackageId: string): WorkPackage => {
  const workPackage = findWorkPackage(mission, workPackageId);
  if (workPackage !== undefined) return workPackage;
  const near = nearest(workPackageId, Object.keys(mission.workPackages));
  throw new CliError("NOT_FOUND", `there is no work package ${mission.slug}/${workPackageId}`, {
    details: { mission: mission.slug, workPackageId },
    ...(near === undefined ? {} : { hint: `Did you mean ${mission.slug}/${near}?` }),
  });
};

const missionNotFound = (slug: string, slugs: readonly string[]): CliError => {
  const near = nearest(slug, slugs);
  return new CliError("NOT_FOUND", `there is no mission ${slug}`, {
    details: { mission: slug },
    ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
  });
};
