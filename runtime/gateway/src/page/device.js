// This browser's identity: an Ed25519 key that the gateway knows the browser by.
//
// Promise: made once for each browser and address, and kept in localStorage under the name and in the shape of
// OpenClaw's Control UI, so that a browser that was paired stays paired. Signs with WebCrypto where the page has it,
// else with ed25519.js. Without localStorage (some private windows) it lasts as long as the page.

import * as software from './ed25519.js';

const NAME = 'openclaw-device-identity-v1';

function encode(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

function identify(seed) {
  const key = software.publicKey(seed);
  const deviceId = [...software.sha256(key)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { seed, deviceId, publicKey: encode(key) };
}

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME));
    const identity = identify(decode(kept.privateKey));
    if (identity.seed.length === 32 && identity.deviceId === kept.deviceId) return identity;
  } catch {
    // There is none, or it is not one.
  }
  const { seed, deviceId, publicKey } = identify(crypto.getRandomValues(new Uint8Array(32)));
  const kept = { version: 1, deviceId, publicKey, privateKey: encode(seed), createdAtMs: Date.now() };
  try {
    localStorage.setItem(NAME, JSON.stringify(kept));
  } catch {
    // It lasts as long as the page.
  }
  return { seed, deviceId, publicKey };
}

const identity = load();

async function sign(text) {
  const bytes = new TextEncoder().encode(text);
  const { seed, publicKey } = identity;
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', d: encode(seed), x: publicKey };
    const key = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign']);
    return encode(new Uint8Array(await crypto.subtle.sign('Ed25519', key, bytes)));
  } catch {
    return encode(software.sign(seed, bytes));
  }
}

/** What `connect` carries as `device`: proof that this browser answers this challenge. */
export async function prove({ client, role, scopes, token, nonce }) {
  const { deviceId, publicKey } = identity;
  const signedAt = Date.now();
  const words = ['v3', deviceId, client.id, client.mode, role, scopes.join(','), signedAt, token, nonce];
  const signature = await sign([...words, client.platform.trim().toLowerCase(), ''].join('|'));
  return { id: deviceId, publicKey, signature, signedAt, nonce };
}
