/** Streams that wait to be worked on, handed out so that all hands end at about the same time. */

export interface Queue {
  /** The next ones for one hand; empty when nothing is left. */
  take(): readonly string[];
}

export interface QueueOptions {
  readonly streams: readonly string[];
  readonly weigh: (stream: string) => number;
  readonly hands: number;
}

/** So many at most, so that one message or one flush covers no more. */
const mostAtOnce = 64;

/** With several hands the heaviest come first, and each takes a share of what is left: large at first, small at the end. */
export const queueOf = ({ streams, weigh, hands }: QueueOptions): Queue => {
  const weighed = streams.map((stream) => ({ stream, weight: weigh(stream) }));
  if (hands > 1) weighed.sort((a, b) => b.weight - a.weight);
  let left = weighed.reduce((sum, { weight }) => sum + weight, 0);
  let next = 0;
  return {
    take: () => {
      const share = left / (hands * 4);
      const taken: string[] = [];
      for (let weight = 0; next < weighed.length && taken.length < mostAtOnce; next += 1) {
        const { stream, weight: own } = weighed[next] as (typeof weighed)[number];
        if (taken.length > 0 && weight + own > share) break;
        taken.push(stream);
        weight += own;
        left -= own;
      }
      return taken;
    },
  };
};
