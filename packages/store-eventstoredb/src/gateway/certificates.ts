/** The files that an address names. */
import { readFile } from "node:fs/promises";
import type { ServerAddress } from "../address/address.ts";
import { GatewayFailure } from "../gateway-port.ts";

/** All PEM. */
export interface Certificates {
  readonly authorities?: Buffer;
  readonly clientCertificate?: { readonly certificate: Buffer; readonly key: Buffer };
}

/** Reads what the address names, so that a file that is not there is said in our words. */
export const certificatesOf = async ({ caFile, clientCertificate }: ServerAddress): Promise<Certificates> => {
  const [authorities, certificate, key] = await Promise.all([
    contentOf(caFile, "tlsCAFile"),
    contentOf(clientCertificate?.certificateFile, "userCertFile"),
    contentOf(clientCertificate?.keyFile, "userKeyFile"),
  ]);
  return {
    ...(authorities === undefined ? {} : { authorities }),
    ...(certificate === undefined || key === undefined ? {} : { clientCertificate: { certificate, key } }),
  };
};

const contentOf = async (file: string | undefined, part: string): Promise<Buffer | undefined> => {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch {
    throw new GatewayFailure(
      "refused",
      `The file that ${part} names in the address cannot be read: ${file}.`,
      {
        isDefinite: true,
        details: { part, file },
      },
    );
  }
};
