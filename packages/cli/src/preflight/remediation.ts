/** The way from where the target stands to where its upstream is, as commands that can be run one after the other. */
import type { Names } from "../command/names.ts";
import { shellQuote } from "../output/shell-quote.ts";
import type { Surroundings, TargetWorktree } from "./surroundings.ts";
import type { TargetStanding } from "./target-state.ts";

export interface Step {
  /** As it is typed into a POSIX shell, in the folder that was asked from. */
  readonly command: string;
  /** What it does, in words. */
  readonly why: string;
}

export interface RemediationQuestion {
  readonly mission: string;
  readonly standing: TargetStanding;
  readonly surroundings: Surroundings;
  /** Whether the target was named by hand, and has to be again. */
  readonly isNamed: boolean;
  readonly say: Names["say"];
}

/**
 * Empty where nothing has to be done. Nothing in it loses a commit or a change in a work tree: a target that is set back is
 * kept under another name first. What only a person can know comes first and is said.
 */
export const remediationOf = (question: RemediationQuestion): readonly Step[] => {
  const { standing, surroundings } = question;
  switch (standing.state) {
    case "in_sync":
      return [];
    case "behind":
      return [...first(question), ...around(question, forward(standing, surroundings.worktree))];
    case "ahead":
      return surroundings.local !== null && surroundings.local.unrelated === 0
        ? [...first(question), push(standing)]
        : [...first(question), ...focus(question), ...setBack(question)];
    case "diverged":
      return [...first(question), ...focus(question), ...setBack(question)];
    case "upstream_not_configured":
      return withoutUpstream(question);
    case "upstream_missing":
      return standing.fetch === "gone_there" ? [push(standing)] : [askRemote(question)];
    case "local_missing":
      return withoutLocal(question);
    case "fetch_failed":
      return afterFailedFetch(question);
  }
};

const upstreamRef = ({ upstreamRef: ref }: TargetStanding): string => shellQuote(ref ?? "");

const gitIn = (worktree: TargetWorktree | null): string =>
  worktree === null || worktree.isHere ? "git" : `git -C ${shellQuote(worktree.path)}`;

/** What stands in the way of all others. */
const first = ({ standing, surroundings }: RemediationQuestion): readonly Step[] => {
  const { isShallow, worktree } = surroundings;
  const steps: Step[] = [];
  if (isShallow && standing.remote !== null)
    steps.push({
      command: `git fetch --unshallow ${shellQuote(standing.remote)}`,
      why: "history is cut here, and what seems to be apart may be not",
    });
  for (const operation of worktree?.underWay ?? [])
    steps.push({
      command: `${gitIn(worktree)} ${operation === "bisect" ? "bisect reset" : `${operation} --abort`}`,
      why: `a ${operation} is under way in ${worktree?.path}: end it, or finish it instead`,
    });
  return steps;
};

const forward = (standing: TargetStanding, worktree: TargetWorktree | null): Step => {
  const { target } = standing;
  const upstream = upstreamRef(standing);
  const why = `moves ${target} forward to ${standing.upstream}; nothing is lost`;
  return worktree === null
    ? { command: `git fetch . ${upstream}:${shellQuote(`refs/heads/${target}`)}`, why }
    : { command: `${gitIn(worktree)} merge --ff-only ${upstream}`, why };
};

/** Changes that nobody committed and that are in the way are put aside, and back again; what ends before takes its own along. */
const around = (
  { surroundings: { worktree } }: RemediationQuestion,
  ...steps: readonly Step[]
): readonly Step[] =>
  worktree === null || worktree.underWay.length > 0 || worktree.inTheWay.length === 0
    ? steps
    : [
        {
          command: `${gitIn(worktree)} stash push --include-untracked`,
          why: `puts aside what is changed in ${worktree.path} and not committed`,
        },
        ...steps,
        {
          command: `${gitIn(worktree)} stash pop`,
          why: "brings it back; conflicts are shown and nothing is lost",
        },
      ];

const focus = ({ mission, standing, surroundings, isNamed, say }: RemediationQuestion): readonly Step[] => {
  if (surroundings.local !== null && surroundings.local.owned === 0) return [];
  const target = isNamed ? ` --target ${shellQuote(standing.target)}` : "";
  return [
    {
      command: say("focus", `${shellQuote(mission)}${target} --apply`),
      why: `makes a branch from ${standing.upstream} with exactly what the mission owns`,
    },
  ];
};

const setBack = (question: RemediationQuestion): readonly Step[] => {
  const { standing, surroundings } = question;
  const { target } = standing;
  const { worktree, kept } = surroundings;
  const local = shellQuote(`refs/heads/${target}`);
  const upstream = upstreamRef(standing);
  const keep: readonly Step[] =
    kept === null || kept.isThere
      ? []
      : [
          {
            command: `git branch --no-track ${shellQuote(kept.branch)} ${local}`,
            why: `keeps all that ${target} holds now under another name`,
          },
        ];
  const back: Step = {
    command:
      worktree === null
        ? `git branch --no-track --force ${shellQuote(target)} ${upstream}`
        : `${gitIn(worktree)} reset --keep ${upstream}`,
    why: `sets ${target} to ${standing.upstream}`,
  };
  return [...keep, ...around(question, back)];
};

const push = ({ target, remote, remoteRef, upstream }: TargetStanding): Step => ({
  command: `git push ${shellQuote(remote ?? ".")} ${shellQuote(`refs/heads/${target}:${remoteRef}`)}`,
  why: `publishes ${target} as ${upstream}, where it is missing or behind`,
});

const askRemote = ({ mission, standing, surroundings, isNamed, say }: RemediationQuestion): Step => ({
  command: say(
    "preflight",
    `${shellQuote(mission)}${isNamed ? ` --target ${shellQuote(standing.target)}` : ""} --fetch`,
  ),
  why: `asks ${standing.remote ?? preferredRemote(surroundings.remotes)} where ${standing.target} stands there`,
});

const withoutUpstream = (question: RemediationQuestion): readonly Step[] => {
  const { target, fetch } = question.standing;
  const { remotes, remotesWithTarget } = question.surroundings;
  const chosen = preferredRemote(remotesWithTarget);
  if (chosen !== undefined && fetch !== "gone_there")
    return [
      {
        command: `git branch --set-upstream-to=${shellQuote(`refs/remotes/${chosen}/${target}`)} ${shellQuote(target)}`,
        why: `measures ${target} against ${chosen}/${target}${remotesWithTarget.length === 1 ? "" : `, one of ${remotesWithTarget.length} that there are`}`,
      },
    ];
  const remote = preferredRemote(remotes);
  const begin = (name: string): Step => ({
    command: `git push --set-upstream ${shellQuote(name)} ${shellQuote(`refs/heads/${target}`)}`,
    why: `begins ${target} on ${name}, which has no such branch yet`,
  });
  if (remote !== undefined) return [fetch === "gone_there" ? begin(remote) : askRemote(question)];
  return [
    { command: "git remote add origin <url>", why: "there is no remote to measure against" },
    begin("origin"),
  ];
};

/** What is measured against where nothing says so. */
export const preferredRemote = (remotes: readonly string[]): string | undefined =>
  remotes.includes("origin") ? "origin" : remotes[0];

const withoutLocal = (question: RemediationQuestion): readonly Step[] => {
  const { standing, surroundings, mission, say } = question;
  const { target, fetch } = standing;
  const chosen = preferredRemote(surroundings.remotesWithTarget);
  if (chosen !== undefined && fetch !== "gone_there")
    return [
      {
        command: `git branch --track ${shellQuote(target)} ${shellQuote(`refs/remotes/${chosen}/${target}`)}`,
        why: `makes the local branch ${target} from ${chosen}/${target}`,
      },
    ];
  return [
    ...(surroundings.remotes.length > 0 && fetch === "not_asked" ? [askRemote(question)] : []),
    {
      command: say("mission.set", `${shellQuote(mission)} --target <branch>`),
      why: `names the branch that is meant, if it is not ${target}`,
    },
  ];
};

const afterFailedFetch = (question: RemediationQuestion): readonly Step[] => {
  const { remote, fetch } = question.standing;
  const name = remote ?? preferredRemote(question.surroundings.remotes) ?? "origin";
  const look: Step =
    fetch === "not_configured"
      ? { command: "git remote --verbose", why: `shows the remotes that there are; ${name} has no address` }
      : {
          command: `git ls-remote --heads ${shellQuote(name)}`,
          why: "shows what stands in the way, and may ask for a password",
        };
  return [look, askRemote(question)];
};
