/** A server in a container, where an engine for containers answers. */
import type { RunningTarget } from "./targets.ts";

/** Source: the last line of 23.10, the oldest server that is looked after here. */
const image = process.env.MISSION_LEDGER_TEST_ESDB_IMAGE ?? "eventstore/eventstore:23.10.7-bookworm-slim";
const port = 2113;
/** Milliseconds. A slow machine takes a minute from the start of the container to the first answer. */
const startupMs = 120_000;
const engineAnswersWithinMs = 15_000;

/** Why no container can be started here; `undefined` where one can. */
export const engineLacks = async (): Promise<string | undefined> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it did not answer within ${engineAnswersWithinMs} ms`)),
      engineAnswersWithinMs,
    );
  });
  try {
    const { getContainerRuntimeClient } = await import("testcontainers");
    await Promise.race([getContainerRuntimeClient(), late]);
    return undefined;
  } catch (error) {
    return `no Docker engine answers: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
  }
};

export const startContainer = async (): Promise<RunningTarget> => {
  const { GenericContainer, Wait } = await import("testcontainers");
  const container = await new GenericContainer(image)
    .withEnvironment({
      EVENTSTORE_INSECURE: "true",
      EVENTSTORE_CLUSTER_SIZE: "1",
      EVENTSTORE_MEM_DB: "true",
      EVENTSTORE_RUN_PROJECTIONS: "None",
      EVENTSTORE_TELEMETRY_OPTOUT: "true",
      // What newer servers read; older ones pass over it.
      KURRENTDB_INSECURE: "true",
      KURRENTDB_MEM_DB: "true",
      KURRENTDB_TELEMETRY_OPTOUT: "true",
    })
    .withExposedPorts(port)
    .withWaitStrategy(
      Wait.forHttp("/health/live", port)
        .forStatusCodeMatching((status) => status === 200 || status === 204)
        .withStartupTimeout(startupMs),
    )
    .start();
  return {
    url: `esdb://${container.getHost()}:${container.getMappedPort(port)}?tls=false`,
    stop: async () => {
      await container.stop();
    },
  };
};
