// Ed25519 signatures and SHA-256 for pages that have no WebCrypto.
//
// Promise: the same signatures and digests as WebCrypto gives (RFC 8032 and FIPS 180-4, which are deterministic).
// Browsers hide WebCrypto from pages that came over plain http from another machine, and some know no Ed25519.
// Bound: the time it takes depends on the key, so it may only run where nobody else can measure it, which is this
// page; WebCrypto is used wherever it is there. Cost: some 20 ms for a signature.

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;

const mod = (n, m = P) => ((n % m) + m) % m;

function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}

const invert = (n) => power(n, P - 2n);

function findX(y, odd) {
  const xx = mod((y * y - 1n) * invert(D * y * y + 1n));
  let x = power(xx, (P + 3n) / 8n);
  if (mod(x * x - xx) !== 0n) x = mod(x * SQRT_M1);
  return (x & 1n) === odd ? x : P - x;
}

const BASE_Y = mod(4n * invert(5n));
const BASE_X = findX(BASE_Y, 0n);
const BASE = [BASE_X, BASE_Y, 1n, mod(BASE_X * BASE_Y)];

// Points are (X, Y, Z, T) with x = X/Z, y = Y/Z and xy = T/Z.
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * D * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function multiply(scalar) {
  let result = [0n, 1n, 1n, 0n];
  for (let point = BASE, n = scalar; n > 0n; n >>= 1n, point = add(point, point)) {
    if (n & 1n) result = add(result, point);
  }
  return result;
}

function toNumber(bytes) {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function toBytes(number, length) {
  return Uint8Array.from({ length }, (_, i) => Number((number >> BigInt(8 * i)) & 255n));
}

function compress([x, y, z]) {
  const inverse = invert(z);
  return toBytes(mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n), 32);
}

function join(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function floorRoot(number, degree) {
  let low = 0n;
  let high = 1n << 80n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** degree <= number) low = middle;
    else high = middle - 1n;
  }
  return low;
}

// Both digests take their constants from the fractions of roots of the first primes.
const PRIMES = [];
for (let n = 2n; PRIMES.length < 80; n += 1n) if (PRIMES.every((prime) => n % prime !== 0n)) PRIMES.push(n);
const fraction = (prime, degree) => BigInt.asUintN(64, floorRoot(prime << (64n * degree), degree));
const CUBES = PRIMES.map((prime) => fraction(prime, 3n));
const SQUARES = PRIMES.slice(0, 8).map((prime) => fraction(prime, 2n));

// The two differ in the size of a word, the count of rounds and how far words are turned.
const SHA256 = { bits: 32n, rounds: 64, turns: [[7n, 18n, 3n], [17n, 19n, 10n], [6n, 11n, 25n], [2n, 13n, 22n]] };
const SHA512 = { bits: 64n, rounds: 80, turns: [[1n, 8n, 7n], [19n, 61n, 6n], [14n, 18n, 41n], [28n, 34n, 39n]] };

function digest({ bits, rounds, turns }, message) {
  const mask = (1n << bits) - 1n;
  const word = Number(bits / 8n);
  const block = 16 * word;
  const turn = (n, by) => ((n >> by) | (n << (bits - by))) & mask;
  const mix = (n, [a, b, c]) => turn(n, a) ^ turn(n, b) ^ turn(n, c);
  const spread = (n, [a, b, c]) => turn(n, a) ^ turn(n, b) ^ (n >> c);
  const length = Math.ceil((message.length + 1 + 2 * word) / block) * block;
  const padded = join(message, [128], new Uint8Array(length - message.length - 1));
  new DataView(padded.buffer).setBigUint64(length - 8, BigInt(message.length) * 8n);

  const state = SQUARES.map((n) => n >> (64n - bits));
  for (let at = 0; at < length; at += block) {
    const w = [];
    for (let i = 0; i < rounds; i += 1) {
      const bytes = padded.slice(at + i * word, at + (i + 1) * word);
      w[i] = i < 16
        ? toNumber(bytes.reverse())
        : (w[i - 16] + spread(w[i - 15], turns[0]) + w[i - 7] + spread(w[i - 2], turns[1])) & mask;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < rounds; i += 1) {
      const one = h + mix(e, turns[2]) + ((e & f) ^ (~e & mask & g)) + (CUBES[i] >> (64n - bits)) + w[i];
      const two = mix(a, turns[3]) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & mask, c, b, a, (one + two) & mask];
    }
    [a, b, c, d, e, f, g, h].forEach((n, i) => {
      state[i] = (state[i] + n) & mask;
    });
  }
  return join(...state.map((n) => toBytes(n, word).reverse()));
}

function expand(seed) {
  const hash = digest(SHA512, seed);
  const scalar = (toNumber(hash.slice(0, 32)) & (2n ** 254n - 8n)) | (2n ** 254n);
  return { scalar, prefix: hash.slice(32) };
}

/** The SHA-256 digest of the bytes. */
export const sha256 = (bytes) => digest(SHA256, bytes);

/** The public key that belongs to a seed of 32 bytes. */
export const publicKey = (seed) => compress(multiply(expand(seed).scalar));

/** The signature of the bytes, 64 bytes. */
export function sign(seed, message) {
  const { scalar, prefix } = expand(seed);
  const open = publicKey(seed);
  const nonce = mod(toNumber(digest(SHA512, join(prefix, message))), ORDER);
  const point = compress(multiply(nonce));
  const challenge = toNumber(digest(SHA512, join(point, open, message)));
  return join(point, toBytes(mod(nonce + challenge * scalar, ORDER), 32));
}
