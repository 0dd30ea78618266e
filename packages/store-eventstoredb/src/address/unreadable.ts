/** Why an address cannot be read. */
import { GatewayFailure } from "../gateway-port.ts";

/** As a sentence that quotes nothing of the address: any part of one that is wrong may hold a piece of a password. */
export const unreadable = (problem: string, part: string): GatewayFailure =>
  new GatewayFailure("refused", `The address of the server cannot be read: ${problem}.`, {
    isDefinite: true,
    details: { part },
  });
