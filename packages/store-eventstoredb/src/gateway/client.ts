/**
 * The client as the gateway uses it: one channel to a node that we choose, a guard around every call, and no way to the batch path.
 * It is extended at its protected members only; its constructor is used instead of its connection strings, which it prints and quotes.
 */
import type { EventStoreDBClient } from "@eventstore/db-client";
import { describeHost, type ServerAddress, type ServerHost } from "../address/address.ts";
import { unansweredSockets } from "./unanswered-sockets.ts";
import type { WireCall } from "./wire-call.ts";

/** Names the call to the guard, and the account to the server. */
export interface CallCredentials {
  readonly username: string;
  readonly password: string;
}

export interface ClusterMember {
  readonly host: string;
  readonly port: number;
  readonly isAlive: boolean;
  /** As the server numbers them: 8 leads, 6 follows, 14 only reads. */
  readonly state: number;
  /** When it last said something of itself, by its own clock, in milliseconds since the epoch. */
  readonly saidAt: number;
}

export interface GuardedClient
  extends Pick<EventStoreDBClient, "appendToStream" | "readAll" | "readStream" | "subscribeToAll"> {
  /** Binds a call to its guard; the credentials are to be given to that call and to no other. */
  guard(call: WireCall, deadlineMs: number, options?: { readonly isAnonymous: boolean }): CallCredentials;
  /** What the connected node knows of its cluster. */
  gossip(credentials: CallCredentials): Promise<readonly ClusterMember[]>;
  /** Closes the channel; whatever is asked for afterwards fails. */
  shut(): Promise<void>;
}

export interface ClientOptions {
  readonly address: ServerAddress;
  /** PEM. */
  readonly authorities?: Buffer;
  readonly clientCertificate?: { readonly certificate: Buffer; readonly key: Buffer };
  /** Where the next channel leads to. */
  readonly route: () => Promise<ServerHost>;
}

/** Stands for no account: it keeps an append off the batch path, and is never sent. No account can have a ":" in its name. */
const nobody = { username: ":", password: "" };

/** Loads the client, which takes a tenth of a second, and makes one. Nothing is connected yet. */
export const createClient = async ({
  address,
  authorities,
  clientCertificate,
  route,
}: ClientOptions): Promise<GuardedClient> => {
  const [{ EventStoreDBClient }, { default: stubs }, { default: shared }] = await Promise.all([
    import("@eventstore/db-client"),
    import("@eventstore/db-client/generated/gossip_grpc_pb.js"),
    import("@eventstore/db-client/generated/shared_pb.js"),
  ]);
  const sockets = unansweredSockets();
  const { keepAliveIntervalMs, keepAliveTimeoutMs, connectionName } = address;

  class Guarded extends EventStoreDBClient implements GuardedClient {
    readonly #guards = new WeakMap<
      CallCredentials,
      { readonly call: WireCall; readonly deadlineMs: number }
    >();
    #channel: { close(): void; getConnectivityState(tryToConnect: boolean): number } | undefined;
    #isShut = false;
    /** Settles when the place of the next channel, or of the present one, is known. */
    #way: Promise<void> | undefined;
    #place = "";

    constructor() {
      super(
        {
          // Never used: `route` says where to go.
          endpoint: "127.0.0.1:2113",
          ...(keepAliveIntervalMs === undefined ? {} : { keepAliveInterval: keepAliveIntervalMs }),
          ...(keepAliveTimeoutMs === undefined ? {} : { keepAliveTimeout: keepAliveTimeoutMs }),
          ...(connectionName === undefined ? {} : { connectionName }),
        },
        withoutKeyShown({
          insecure: !address.hasTls,
          ...(authorities === undefined ? {} : { rootCertificate: authorities }),
          ...(clientCertificate === undefined
            ? {}
            : { userCertFile: clientCertificate.certificate, userKeyFile: clientCertificate.key }),
        }),
      );
      const argumentsOf = this.callArguments;
      this.callArguments = ({ credentials, ...base }, options) => {
        const guarded = credentials === undefined ? undefined : this.#guards.get(credentials);
        if (credentials === undefined || guarded === undefined)
          throw new TypeError("A call to the server needs its guard");
        // Nobody's account is nobody's business: it only chose the path of the call.
        const [metadata, callOptions] = argumentsOf(
          credentials.username === nobody.username ? base : { ...base, credentials },
          options,
        );
        const interceptor = guarded.call.intercept as unknown as NonNullable<
          typeof callOptions.interceptors
        >[number];
        return [
          metadata,
          {
            ...callOptions,
            // Behind our own deadline: the client has none for reads, and grpc's would keep a dead connection.
            deadline: Number.isFinite(guarded.deadlineMs)
              ? new Date(Date.now() + guarded.deadlineMs + graceMs)
              : guarded.deadlineMs,
            interceptors: [interceptor],
          },
        ];
      };
      // Only the way to a batch append asks what the server supports. It ends here, whatever is forgotten elsewhere.
      this.supports = () => Promise.reject(new TypeError("Appends never go by the batch path"));
      const channel = this.getChannel;
      this.getChannel = async () => {
        const current = await channel();
        this.#channel = current;
        if (this.#isShut) current.close();
        return current;
      };
      const execute = this.execute;
      this.execute = async (...call) => {
        await this.#found();
        return execute(...call);
      };
      const creatorOf = this.GRPCStreamCreator;
      this.GRPCStreamCreator = (...call) => {
        const create = creatorOf(...call);
        return async () => {
          await this.#found();
          return create();
        };
      };
      this.resolveUri = async () => this.#place;
    }

    /**
     * Finds the way before the client begins a channel: it would keep one that could not be found, and fail with it for ever.
     * Found anew once the client has given the channel up.
     */
    #found(): Promise<void> {
      if (this.#channel?.getConnectivityState(false) === shutDown) {
        this.#channel = undefined;
        this.#way = undefined;
      }
      this.#way ??= route().then(
        (host) => {
          sockets.expect(host);
          this.#place = describeHost(host);
        },
        (error: unknown) => {
          this.#way = undefined;
          throw error;
        },
      );
      return this.#way;
    }

    guard(call: WireCall, deadlineMs: number, { isAnonymous } = { isAnonymous: false }): CallCredentials {
      const { username, password } = isAnonymous ? nobody : (address.credentials ?? nobody);
      // Not enumerable, so that nothing prints it: the client shows the options of each call to whoever debugs it.
      const credentials = Object.defineProperties({} as CallCredentials, {
        username: { value: username },
        password: { value: password },
      });
      this.#guards.set(credentials, { call, deadlineMs });
      return credentials;
    }

    gossip(credentials: CallCredentials): Promise<readonly ClusterMember[]> {
      return this.execute(
        stubs.GossipClient,
        "gossip",
        (client) =>
          new Promise((resolve, reject) => {
            client.read(new shared.Empty(), ...this.callArguments({ credentials }), (error, info) => {
              if (error !== null) reject(error);
              else
                resolve(
                  info.getMembersList().map((member) => ({
                    host: member.getHttpEndPoint()?.getAddress() ?? "",
                    port: member.getHttpEndPoint()?.getPort() ?? 0,
                    isAlive: member.getIsAlive(),
                    state: member.getState(),
                    // In units of 100 nanoseconds.
                    saidAt: Number(BigInt(member.getTimeStamp()) / 10_000n),
                  })),
                );
            });
          }),
      );
    }

    shut(): Promise<void> {
      this.#isShut = true;
      this.#channel?.close();
      return sockets.letGo();
    }
  }
  return new Guarded();
};

/** The client prints what it connects with to whoever debugs it. */
const withoutKeyShown = <Credentials extends { userKeyFile?: Buffer }>(
  credentials: Credentials,
): Credentials =>
  credentials.userKeyFile === undefined
    ? credentials
    : Object.defineProperty(credentials, "userKeyFile", { enumerable: false });

/** A channel's state when it was closed, as grpc numbers them. */
const shutDown = 4;

/** How much later than ours grpc's own deadline comes, in milliseconds. */
const graceMs = 1000;
