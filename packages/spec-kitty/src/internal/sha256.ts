/** SHA-256 of bytes that are no text; core hashes texts only. */

const rotr = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** The first 32 bits of the fractional part of `value`. */
const fractionBits = (value: number): number => ((value - Math.floor(value)) * 2 ** 32) | 0;

const primes: readonly number[] = Array.from({ length: 310 }, (_, n) => n + 2).filter((n) => {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
});
const roundConstants: readonly number[] = primes.slice(0, 64).map((prime) => fractionBits(Math.cbrt(prime)));
const firstState: readonly number[] = primes.slice(0, 8).map((prime) => fractionBits(Math.sqrt(prime)));

/**
 * The digest as 64 lower-case hexadecimal digits.
 *
 * Source: FIPS 180-4 section 6.2; the constants are roots of the first primes, as its section 4.2.2 defines them.
 */
export const sha256OfBytes = (bytes: Uint8Array): string => {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0);
  const state = Int32Array.from(firstState);
  const schedule = new Int32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let t = 0; t < 16; t += 1) schedule[t] = view.getInt32(block + t * 4);
    for (let t = 16; t < 64; t += 1) {
      const w15 = schedule[t - 15] as number;
      const w2 = schedule[t - 2] as number;
      const small0 = rotr(w15, 7) ^ rotr(w15, 18) ^ (w15 >>> 3);
      const small1 = rotr(w2, 17) ^ rotr(w2, 19) ^ (w2 >>> 10);
      schedule[t] = (schedule[t - 16] as number) + small0 + (schedule[t - 7] as number) + small1;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let t = 0; t < 64; t += 1) {
      const big1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
      const first =
        (h + big1 + ((e & f) ^ (~e & g)) + (roundConstants[t] as number) + (schedule[t] as number)) | 0;
      const big0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
      const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    for (const [index, word] of [a, b, c, d, e, f, g, h].entries())
      state[index] = (state[index] as number) + word;
  }
  return [...state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
};
