// What this browser shows the gateway to be let in.
//
// Promise: the gateway's own secret is never stored; it is in this module while the page is open. What localStorage
// keeps is the device token that the gateway gives out for it, which can be taken away from this browser alone. A
// secret in the address (`#token=…`) is taken out of the address and the history before anything else happens.

const NAME = 'openclaw-webchat-token-v1';

let secret = '';
let deviceToken = '';
try {
  deviceToken = localStorage.getItem(NAME) ?? '';
} catch {
  // Without storage the secret is asked for each time.
}

export function takeFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  secret = token.trim() || secret;
  history.replaceState(null, '', location.pathname + location.search);
}

export function useSecret(text) {
  secret = text.trim();
}

/** Keeps the token that the gateway made for this browser; an empty one forgets it. */
export function keepDeviceToken(token) {
  deviceToken = token;
  try {
    if (token) localStorage.setItem(NAME, token);
    else localStorage.removeItem(NAME);
  } catch {
    // As above.
  }
}

export function forgetAll() {
  secret = '';
  keepDeviceToken('');
}

/** The `auth` of a connect, and the word of it that is signed. A secret goes before a device token. */
export function present() {
  if (secret) return { auth: { token: secret, password: secret }, signed: secret };
  return { auth: deviceToken ? { deviceToken } : undefined, signed: deviceToken };
}
