import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "./tls-certificates.ts";

/** What a client that trusts `ca` makes of a server with these certificates. */
const greeting = async (server: Certificates, ca: string, host = "127.0.0.1"): Promise<string> => {
  const listener = createServer({ key: server.key, cert: server.certificate }, (socket) => socket.end());
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const socket: TLSSocket = connect({ port, host, ca });
  const said = await new Promise<string>((resolve) => {
    socket.on("secureConnect", () => resolve("secure"));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
  socket.destroy();
  listener.close();
  return said;
};

describe("certificates made on the spot", () => {
  const ours = makeCertificates();

  test("the leaf is signed by the authority, and only the authority is one", () => {
    const [ca, leaf] = [new X509Certificate(ours.ca), new X509Certificate(ours.certificate)];
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.verify(leaf.publicKey)).toBe(false);
    expect([ca.ca, leaf.ca]).toEqual([true, false]);
    expect(leaf.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(leaf.checkHost("localhost")).toBe("localhost");
  });

  test("a client that was given the authority takes the server by address and by name", async () => {
    await expect(greeting(ours, ours.ca)).resolves.toBe("secure");
    await expect(greeting(ours, ours.ca, "localhost")).resolves.toBe("secure");
  });

  test("a client that was given another authority refuses", async () => {
    await expect(greeting(ours, makeCertificates().ca)).resolves.toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  });

  test("a certificate of yesterday is refused", async () => {
    const old = makeCertificates({ validFromMs: 0, validToMs: Date.parse("2020-01-01T00:00:00Z") });
    await expect(greeting(old, old.ca)).resolves.toBe("CERT_HAS_EXPIRED");
  });

  test("a hundred pairs can be read: no length or sign of a number is a matter of luck", () => {
    for (let n = 0; n < 100; n += 1) {
      const { ca, certificate } = makeCertificates();
      expect(new X509Certificate(certificate).checkIssued(new X509Certificate(ca))).toBe(true);
    }
  });
});
