// What this browser shows the gateway to be let in.
//
// Promise: the gateway's own secret is never stored. It lives in this module while the page is open; what is kept
// in localStorage is the device token that the gateway hands out for it, which can be revoked for this browser
// alone. A secret in the address (`#token=…`) is taken out of the address and of the history before anything else
// happens.

const NAME = 'openclaw-webchat-token-v1';

let secret = '';
let deviceToken = read();

function read() {
  try {
    return localStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

/** Takes the secret out of the address, if it is there. */
export function takeFromAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  const token = words.get('token')?.trim();
  if (token === undefined) return;
  if (token) secret = token;
  history.replaceState(null, '', location.pathname + location.search);
}

/** Uses a secret that was typed. */
export function useSecret(text) {
  secret = text.trim();
}

/** Keeps the token that the gateway made for this browser. */
export function keepDeviceToken(token) {
  deviceToken = token;
  try {
    localStorage.setItem(NAME, token);
  } catch {
    // Then the secret is asked for when the page is opened again.
  }
}

/** Forgets the device token. */
export function forgetDeviceToken() {
  deviceToken = '';
  try {
    localStorage.removeItem(NAME);
  } catch {
    // There was nothing kept.
  }
}

/** Forgets everything: the next connect shows nothing. */
export function forgetAll() {
  secret = '';
  forgetDeviceToken();
}

/** The `auth` of a connect, and the word of it that is signed. A secret goes before a device token. */
export function present() {
  if (secret) return { auth: { token: secret, password: secret }, signed: secret };
  if (deviceToken) return { auth: { deviceToken }, signed: deviceToken };
  return { auth: undefined, signed: '' };
}
