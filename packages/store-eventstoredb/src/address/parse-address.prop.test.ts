import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayFailure } from "../gateway-port.ts";
import { parseAddress } from "./parse-address.ts";

const host = fc.tuple(fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/), fc.integer({ min: 1, max: 65_535 }));
const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });

describe("the address of a server", () => {
  test("gives back every account and host that was encoded into it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("esdb", "kurrentdb", "kurrent", "kdb"),
        fc.array(host, { minLength: 1, maxLength: 4 }),
        word.filter((name) => !name.includes(":")),
        word,
        (scheme, hosts, username, password) => {
          const list = hosts.map(([name, port]) => `${name}:${port}`).join(",");
          const account = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
          expect(parseAddress(`${scheme}://${account}@${list}?tls=false`)).toEqual({
            hosts: hosts.map(([name, port]) => ({ host: name, port })),
            isCluster: hosts.length > 1,
            hasTls: false,
            credentials: { username, password },
          });
        },
      ),
    );
  });

  test("is read, or refused without a word of it", () => {
    const piece = fc.constantFrom(":", "@", "/", "?", "&", "=", "%", ",", "[", "esdb://", "QzQ", "tls", "1");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        try {
          parseAddress(`esdb://${pieces.join("")}`);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayFailure);
          // A setting's name is quoted only where no account can be meant.
          if (!/nobody knows the setting/.test(String(error))) expect(String(error)).not.toContain("QzQ");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
