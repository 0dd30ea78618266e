/** What a promise that has to fail fails with. */
import { GatewayFailure } from "../gateway-port.ts";

export const failureOf = async (promise: Promise<unknown>): Promise<GatewayFailure> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GatewayFailure) return error;
  throw new Error(`No failure but ${String(error)}`);
};
