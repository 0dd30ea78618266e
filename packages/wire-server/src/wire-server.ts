/** What a test holds in its hands of a server, or of three that form a cluster. */
import type { FaultOrder } from "./faults.ts";

export interface WireEvent {
  readonly stream: string;
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  readonly position: bigint;
}

export interface WireServerOptions {
  /** On loopback. @defaultValue a free one */
  readonly port?: number;
  /** PEM; with them the server speaks TLS only. @defaultValue plain text */
  readonly tls?: { readonly key: string; readonly certificate: string };
  /** Password and rights by account; with them everybody else is refused. @defaultValue nobody is asked */
  readonly accounts?: Readonly<Record<string, WireAccount>>;
  /** How long a write waits for a quorum or an identical write before code 10, in milliseconds. @defaultValue 2000 */
  readonly commitTimeoutMs?: number;
  /** Identical appends that overlap are dropped without an answer, as a real server does. @defaultValue false */
  readonly dropsOverlapping?: boolean;
  /** How far its clock is ahead of ours, in milliseconds; negative when it is behind. @defaultValue 0 */
  readonly clockOffsetMs?: number;
  /** How long a write can be overlapped, in milliseconds: until then nobody sees it. @defaultValue 3 */
  readonly overlapMs?: number;
}

export interface WireAccount {
  readonly password: string;
  /** @defaultValue all three */
  readonly may?: readonly ("append" | "read" | "read_all")[];
}

export interface WireServer {
  readonly port: number;
  /** `esdb://127.0.0.1:<port>?tls=false`, or `tls=true` without a CA. */
  readonly url: string;
  strike(order: FaultOrder): void;
  /** Takes back every fault that has not struck yet, and ends those that hold calls open. */
  calm(): void;
  /** Calls that a fault keeps waiting at this moment: what a test waits for before its next move. */
  held(): number;
  /** Without a quorum writes time out and appear once it is back; reads say not found of what waits. */
  setQuorum(isThere: boolean): void;
  /** What stands in the log, system streams too, in log order. */
  events(stream?: string): readonly WireEvent[];
  /** Replaces stored content behind everybody's back. */
  tamper(
    stream: string,
    revision: bigint,
    change: { readonly data?: Uint8Array; readonly metadata?: Uint8Array },
  ): void;
  /** Calls seen so far by name, such as `Streams/Append`: to prove that a path was never taken. */
  calls(): ReadonlyMap<string, number>;
  /**
   * As SIGSTOP to a process: nothing is answered, connections stay. What arrives meanwhile is carried out after `resume`, whether
   * or not its caller still waits.
   */
  pause(): void;
  resume(): void;
  /** As a kill: open calls are cut, the port is closed; `start` listens again on the same port with the same log. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** For good. */
  stop(): Promise<void>;
}

export interface WireClusterOptions
  extends Pick<
    WireServerOptions,
    "commitTimeoutMs" | "dropsOverlapping" | "overlapMs" | "clockOffsetMs" | "tls" | "accounts"
  > {
  /** How long nobody leads once a leader is killed, unless a test elects one. In milliseconds. @defaultValue 200 */
  readonly electionMs?: number;
}

export interface WireCluster {
  /** Three of them over one log. */
  readonly nodes: readonly WireServer[];
  /** With all three hosts: `esdb://127.0.0.1:a,127.0.0.1:b,127.0.0.1:c?tls=false&nodePreference=leader`. */
  readonly url: string;
  /** -1 while nobody leads. */
  leader(): number;
  /**
   * Another node leads from now on. What no reader has seen yet is lost with the old leader: whoever waits for it is told of a
   * timeout. Rejects for a dead node, and where too few are alive to vote.
   */
  elect(node: number): Promise<void>;
  /** The others go on listing it, as dead. With two of three gone writes time out until one is back. */
  kill(node: number): Promise<void>;
  start(node: number): Promise<void>;
  /** The others take it for dead: without its leader a cluster elects another, without two of three it has no quorum. */
  pause(node: number): void;
  resume(node: number): void;
  stop(): Promise<void>;
}
