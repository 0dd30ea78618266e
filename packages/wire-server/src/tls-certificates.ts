/** A certificate authority and a leaf of it, made on the spot: the same as a real set-up, where a client is given the CA. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Certificates {
  /** PEM of the authority: what a client is given as `tlsCAFile`. */
  readonly ca: string;
  /** PEM of the leaf, for 127.0.0.1 and localhost. */
  readonly certificate: string;
  /** PEM of the leaf's private key, PKCS #8. */
  readonly key: string;
}

const dayMs = 86_400_000;

/**
 * Never the same twice, so that the authority of one server is unknown to the clients of another. Both are valid for the same time.
 *
 * Source: RFC 5280; ECDSA over P-256 with SHA-256, RFC 5758.
 */
export const makeCertificates = ({
  validFromMs = Date.now() - dayMs,
  validToMs = Date.now() + 30 * dayMs,
}: {
  /** @defaultValue a day ago */
  readonly validFromMs?: number;
  /** @defaultValue in thirty days */
  readonly validToMs?: number;
} = {}): Certificates => {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const leaf = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = `mission-ledger test authority ${randomBytes(4).toString("hex")}`;
  const issued = (subject: string, key: KeyObject, extensions: readonly Buffer[]): string => {
    const body = sequence(
      tagged(0, integer(2)),
      integer(randomBytes(4).readUInt32BE()),
      ecdsaWithSha256,
      name(issuer),
      sequence(time(validFromMs), time(validToMs)),
      name(subject),
      key.export({ type: "spki", format: "der" }),
      tagged(3, sequence(...extensions)),
    );
    return pem(sequence(body, ecdsaWithSha256, bits(sign("sha256", body, authority.privateKey))));
  };
  return {
    ca: issued(issuer, authority.publicKey, [
      sequence(basicConstraints, yes, octets(sequence(yes))),
      sequence(keyUsage, yes, octets(signsCertificates)),
    ]),
    certificate: issued("127.0.0.1", leaf.publicKey, [
      sequence(subjectAltName, octets(sequence(ip(127, 0, 0, 1), dns("localhost")))),
    ]),
    key: leaf.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
};

const der = (tag: number, ...content: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  const length =
    body.length < 0x80
      ? Buffer.from([body.length])
      : Buffer.from([0x82, Math.floor(body.length / 256), body.length % 256]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
};
const sequence = (...content: readonly Buffer[]): Buffer => der(0x30, ...content);
const octets = (content: Buffer): Buffer => der(0x04, content);
const tagged = (number: number, content: Buffer): Buffer => der(0xa0 + number, content);
const object = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes));
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);
const ip = (...bytes: readonly number[]): Buffer => der(0x87, Buffer.from(bytes));
const dns = (host: string): Buffer => der(0x82, Buffer.from(host));

/** At least 0 and below 2^32; a leading zero keeps it positive. */
const integer = (value: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  const first = bytes.findIndex((byte, at) => byte !== 0 || at === 4);
  return der(0x02, bytes.subarray((bytes[first] as number) >= 0x80 ? first - 1 : first));
};

/** As 20261121000000Z. Years from 2050 on need this form, and parsers take it before as well. */
const time = (ms: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/\D/gu, "").slice(0, 14)}Z`));

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${(bytes.toString("base64").match(/.{1,64}/gu) ?? []).join("\n")}\n-----END CERTIFICATE-----\n`;

const commonName = object(0x55, 0x04, 0x03);
const name = (common: string): Buffer =>
  sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(common)))));

const ecdsaWithSha256 = sequence(object(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const basicConstraints = object(0x55, 0x1d, 0x13);
const keyUsage = object(0x55, 0x1d, 0x0f);
const subjectAltName = object(0x55, 0x1d, 0x11);
const yes = der(0x01, Buffer.from([0xff]));
/** keyCertSign and cRLSign, bits 5 and 6; one bit of the byte is unused. */
const signsCertificates = der(0x03, Buffer.from([1, 0b0000_0110]));
