// This browser's identity: an Ed25519 key that the gateway knows the browser by.
//
// Promise: one identity for each browser and address, made once and kept in localStorage under the name and in the
// shape that OpenClaw's Control UI uses, so that a browser that was paired stays paired. Signs what the gateway's
// challenge asks for. Uses WebCrypto where the page has it, else ed25519.js. Without localStorage (some private
// windows) the identity lasts as long as the page.

import * as software from './ed25519.js';

const NAME = 'openclaw-device-identity-v1';

/** Bytes as base64url without padding. */
export function encode(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

async function sha256(bytes) {
  return crypto.subtle ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)) : software.sha256(bytes);
}

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

async function identify(seed) {
  const open = software.publicKey(seed);
  return { seed, deviceId: hex(await sha256(open)), publicKey: encode(open) };
}

async function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME));
    const identity = await identify(decode(kept.privateKey));
    return identity.seed.length === 32 && identity.deviceId === kept.deviceId ? identity : null;
  } catch {
    return null;
  }
}

function keep({ seed, deviceId, publicKey }) {
  const kept = { version: 1, deviceId, publicKey, privateKey: encode(seed), createdAtMs: Date.now() };
  try {
    localStorage.setItem(NAME, JSON.stringify(kept));
  } catch {
    // It lasts as long as the page.
  }
}

let known;

/** The identity of this browser: `{ deviceId, publicKey, seed }`. */
export function getIdentity() {
  known ??= load().then(async (kept) => {
    if (kept) return kept;
    const fresh = await identify(crypto.getRandomValues(new Uint8Array(32)));
    keep(fresh);
    return fresh;
  });
  return known;
}

/** The signature of a text by an identity, with WebCrypto if it can. */
export async function sign({ seed, publicKey }, text) {
  const bytes = new TextEncoder().encode(text);
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', d: encode(seed), x: publicKey };
    const key = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign']);
    return encode(new Uint8Array(await crypto.subtle.sign('Ed25519', key, bytes)));
  } catch {
    return encode(software.sign(seed, bytes));
  }
}

/** What `connect` carries as `device`: proof that this browser, and no copy of an older answer, is asking. */
export async function prove({ client, role, scopes, token, nonce }) {
  const identity = await getIdentity();
  const signedAt = Date.now();
  const words = ['v3', identity.deviceId, client.id, client.mode, role, scopes.join(','), signedAt, token, nonce];
  const text = [...words, client.platform.trim().toLowerCase(), ''].join('|');
  const signature = await sign(identity, text);
  return { id: identity.deviceId, publicKey: identity.publicKey, signature, signedAt, nonce };
}
