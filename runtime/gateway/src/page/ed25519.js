// Ed25519 and SHA-256 for pages without WebCrypto, which browsers hide from pages that came over plain http from
// another machine.
//
// Promise: the same keys, signatures and digests as WebCrypto's (RFC 8032, FIPS 180-4). Bound: its time depends on
// the key, so it may run only where nobody else measures it, as in this page. Cost: some 20 ms for a signature.

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const ROOT = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;

const mod = (n, m = P) => ((n % m) + m) % m;

function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}

const invert = (n) => power(n, P - 2n);
const D = mod(-121665n * invert(121666n));
const Y = mod(4n * invert(5n));

function findX() {
  const square = mod((Y * Y - 1n) * invert(D * Y * Y + 1n));
  const x = power(square, (P + 3n) / 8n);
  const root = mod(x * x) === square ? x : mod(x * ROOT);
  return root & 1n ? P - root : root;
}

// Points are (X, Y, Z, T) with x = X/Z, y = Y/Z and xy = T/Z.
const X = findX();
const BASE = [X, Y, 1n, mod(X * Y)];

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * D * t2);
  const d = mod(2n * z1 * z2);
  return [mod((b - a) * (d - c)), mod((d + c) * (b + a)), mod((d - c) * (d + c)), mod((b - a) * (b + a))];
}

function multiply(scalar) {
  let result = [0n, 1n, 1n, 0n];
  for (let point = BASE, n = scalar; n > 0n; n >>= 1n, point = add(point, point)) {
    if (n & 1n) result = add(result, point);
  }
  const [x, y, z] = result;
  return toBytes(mod(y * invert(z)) | ((mod(x * invert(z)) & 1n) << 255n), 32);
}

const toNumber = (bytes) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const toBytes = (number, length) => Uint8Array.from({ length }, (_, i) => Number((number >> BigInt(8 * i)) & 255n));
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

function floorRoot(number, degree) {
  let low = 0n;
  for (let bit = 1n << 79n; bit > 0n; bit >>= 1n) if ((low | bit) ** degree <= number) low |= bit;
  return low;
}

// Both digests take their constants from the fractions of roots of the first primes.
const PRIMES = [];
for (let n = 2n; PRIMES.length < 80; n += 1n) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const fraction = (degree) => (prime) => BigInt.asUintN(64, floorRoot(prime << (64n * degree), degree));
const CUBES = PRIMES.map(fraction(3n));
const SQUARES = PRIMES.slice(0, 8).map(fraction(2n));

// The two differ in the size of a word, the count of rounds and how far words are turned.
const SHA256 = { bits: 32n, rounds: 64, turns: [[7n, 18n, 3n], [17n, 19n, 10n], [6n, 11n, 25n], [2n, 13n, 22n]] };
const SHA512 = { bits: 64n, rounds: 80, turns: [[1n, 8n, 7n], [19n, 61n, 6n], [14n, 18n, 41n], [28n, 34n, 39n]] };

function digest({ bits, rounds, turns }, message) {
  const cut = (n) => BigInt.asUintN(Number(bits), n);
  const word = Number(bits / 8n);
  const turn = (n, by) => cut((n >> by) | (n << (bits - by)));
  const mix = (n, [a, b, c]) => turn(n, a) ^ turn(n, b) ^ turn(n, c);
  const spread = (n, [a, b, c]) => turn(n, a) ^ turn(n, b) ^ (n >> c);
  const length = Math.ceil((message.length + 1 + 2 * word) / (16 * word)) * 16 * word;
  const padded = join(message, [128], new Uint8Array(length - message.length - 1));
  new DataView(padded.buffer).setBigUint64(length - 8, BigInt(message.length) * 8n);

  let state = SQUARES.map((n) => n >> (64n - bits));
  for (let at = 0; at < length; at += 16 * word) {
    const w = Array.from({ length: 16 }, (_, i) => toNumber(padded.slice(at + i * word, at + (i + 1) * word).reverse()));
    for (let i = 16; i < rounds; i += 1) {
      w[i] = cut(w[i - 16] + spread(w[i - 15], turns[0]) + w[i - 7] + spread(w[i - 2], turns[1]));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < rounds; i += 1) {
      const one = h + mix(e, turns[2]) + ((e & f) ^ (cut(~e) & g)) + (CUBES[i] >> (64n - bits)) + w[i];
      const two = mix(a, turns[3]) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, cut(d + one), c, b, a, cut(one + two)];
    }
    state = [a, b, c, d, e, f, g, h].map((n, i) => cut(n + state[i]));
  }
  return join(...state.map((n) => toBytes(n, word).reverse()));
}

function expand(seed) {
  const hash = digest(SHA512, seed);
  return { scalar: (toNumber(hash.slice(0, 32)) & (2n ** 254n - 8n)) | (2n ** 254n), prefix: hash.slice(32) };
}

export const sha256 = (bytes) => digest(SHA256, bytes);
export const publicKey = (seed) => multiply(expand(seed).scalar);

export function sign(seed, message) {
  const { scalar, prefix } = expand(seed);
  const nonce = mod(toNumber(digest(SHA512, join(prefix, message))), ORDER);
  const point = multiply(nonce);
  const challenge = toNumber(digest(SHA512, join(point, multiply(scalar), message)));
  return join(point, toBytes(mod(nonce + challenge * scalar, ORDER), 32));
}
