/** Who of a cluster is alive, who leads, and what its members say about each other. Knows nothing of the wire. */

export interface Roster {
  /** -1 while nobody leads. */
  readonly leader: number;
  readonly isAlive: readonly boolean[];
}

export interface RosterMember {
  readonly node: number;
  /** Neither of the first two while there is nobody to follow, and for the dead. */
  readonly state: "leader" | "follower" | "other";
  readonly isAlive: boolean;
}

export const rosterOf = (size: number): Roster => ({
  leader: 0,
  isAlive: Array.from({ length: size }, () => true),
});

export const hasQuorum = ({ isAlive }: Roster): boolean =>
  isAlive.filter(Boolean).length * 2 > isAlive.length;

/** The node that leads next when nobody chooses: the first that is alive. -1 where too few are. */
export const nextLeader = (roster: Roster): number => (hasQuorum(roster) ? roster.isAlive.indexOf(true) : -1);

/** Throws a `RangeError` for a node that is dead or that is none, and where too few are left to vote. */
export const elected = (roster: Roster, node: number): Roster => {
  if (roster.isAlive[node] !== true) throw new RangeError(`node ${node} is not alive`);
  if (!hasQuorum(roster)) throw new RangeError("too few nodes are alive to elect one");
  return { ...roster, leader: node };
};

export const killed = ({ leader, isAlive }: Roster, node: number): Roster => ({
  leader: leader === node ? -1 : leader,
  isAlive: isAlive.with(node, false),
});

export const started = ({ leader, isAlive }: Roster, node: number): Roster => ({
  leader,
  isAlive: isAlive.with(node, true),
});

/** A dead member is still listed. While nobody leads, nobody follows either. */
export const membersOf = ({ leader, isAlive }: Roster): readonly RosterMember[] =>
  isAlive.map((alive, node) => {
    const isFollower = alive && leader >= 0;
    return { node, state: node === leader ? "leader" : isFollower ? "follower" : "other", isAlive: alive };
  });
