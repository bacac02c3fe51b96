// The connection to the gateway: one WebSocket that is opened again whenever it ends.
//
// Promise: `request` answers once, with the payload or an Error; when the connection ends under it, with one that
// `isLost`, and who sent it decides whether to send it again. Tells `state`; `hello` for each new connection; `gap`
// when events were missed and what is shown must be fetched again; and `event:NAME`. Bound: waits of at most 15 s
// between tries; a connection that is silent for two ticks is given up.

import { keepDeviceToken, present } from './credentials.js';
import { prove } from './device.js';

const ROLE = 'operator';
const SCOPES = ['operator.admin', 'operator.read', 'operator.write', 'operator.pairing'];
const OPENING_MS = 15_000;
const FIRST_WAIT_MS = 800;
const LONGEST_WAIT_MS = 15_000;

// Refusals that trying again cannot mend: a person has to do something first.
const FINAL = /^(AUTH_|CONTROL_UI_|DEVICE_|CLIENT_VERSION_MISMATCH|PROTOCOL_MISMATCH|PAIRING_REQUIRED)/;

function makeError({ message, details = {}, ...rest }) {
  return Object.assign(new Error(message), { details, ...rest });
}

/** Its `state` is `connecting`, `open`, `waiting` (to try again) or `refused`. */
export class Link extends EventTarget {
  state = 'connecting';
  hello = null;
  refusal = null;
  #address;
  #socket = null;
  #pending = new Map();
  #lastId = 0;
  #lastSeq = 0;
  #heardAt = 0;
  #failures = 0;
  #retry = 0;
  #watch = 0;

  constructor(address) {
    super();
    this.#address = address;
    const wake = () => this.state === 'waiting' && document.visibilityState === 'visible' && this.open();
    addEventListener('online', wake);
    document.addEventListener('visibilitychange', wake);
  }

  open() {
    this.#drop('connecting');
    const socket = new WebSocket(this.#address);
    const isCurrent = () => this.#socket === socket;
    this.#socket = socket;
    this.#watchFor(OPENING_MS, 'connect timeout');
    socket.onmessage = ({ data }) => isCurrent() && this.#hear(JSON.parse(data));
    socket.onclose = () => isCurrent() && this.#wait();
  }

  /** Ends the connection for good. */
  leave() {
    this.hello = null;
    this.refusal = null;
    this.#drop('refused');
  }

  has(method) {
    return this.hello?.features.methods.includes(method) ?? false;
  }

  may(scope) {
    const scopes = this.hello?.auth.scopes ?? [];
    return scopes.includes(scope) || scopes.includes('operator.admin');
  }

  request(method, params = {}) {
    if (this.state !== 'open') return Promise.reject(makeError({ message: 'No connection.', isLost: true }));
    return this.#send(method, params);
  }

  #send(method, params) {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const id = String(this.#lastId);
      this.#pending.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ type: 'req', id, method, params }));
    });
  }

  #hear({ type, id, ok, payload, error, event, seq }) {
    this.#heardAt = Date.now();
    if (type === 'res') {
      const waiting = this.#pending.get(id);
      this.#pending.delete(id);
      if (ok) waiting?.resolve(payload ?? {});
      else waiting?.reject(makeError(error));
    } else if (event === 'connect.challenge') {
      this.#introduce(payload.nonce);
    } else if (type === 'event') {
      const isGap = Number.isInteger(seq) && seq !== this.#lastSeq + 1;
      if (Number.isInteger(seq)) this.#lastSeq = seq;
      if (isGap) this.dispatchEvent(new Event('gap'));
      this.dispatchEvent(new CustomEvent(`event:${event}`, { detail: payload ?? {} }));
    }
  }

  async #introduce(nonce) {
    const socket = this.#socket;
    const { auth, signed } = present();
    const platform = navigator.userAgentData?.platform || navigator.platform || 'browser';
    const client = { id: 'webchat-ui', mode: 'webchat', version: '1', platform, displayName: 'WebChat' };
    const device = await prove({ client, role: ROLE, scopes: SCOPES, token: signed, nonce });
    if (this.#socket !== socket || socket.readyState !== WebSocket.OPEN) return;
    const { language: locale, userAgent } = navigator;
    const params = { minProtocol: 4, maxProtocol: 4, client, role: ROLE, scopes: SCOPES, device, locale, userAgent };
    this.#send('connect', { ...params, caps: ['tool-events'], ...(auth && { auth }) }).then(
      (hello) => this.#welcome(hello),
      (refusal) => refusal.isLost || this.#turnAway(refusal),
    );
  }

  #welcome(hello) {
    Object.assign(this, { hello, refusal: null });
    this.#failures = 0;
    this.#lastSeq = 0;
    if (hello.auth.deviceToken) keepDeviceToken(hello.auth.deviceToken);
    this.#watchFor(2 * hello.policy.tickIntervalMs, 'tick timeout');
    this.#become('open');
    this.dispatchEvent(new Event('hello'));
  }

  #turnAway(refusal) {
    this.refusal = refusal;
    const { code = '', pauseReconnect, recommendedNextStep } = refusal.details;
    const isWait = pauseReconnect === false || recommendedNextStep === 'wait_then_retry';
    if (present().auth?.deviceToken && /^AUTH_(DEVICE_TOKEN|SCOPE)_MISMATCH$/.test(code)) {
      // A device token ends with the secret that it was made for; the next try goes without.
      keepDeviceToken('');
      this.#wait(0);
    } else if (FINAL.test(code) && !isWait) {
      this.#drop('refused');
    } else {
      this.#wait(refusal.retryAfterMs);
    }
  }

  #wait(ms) {
    const patience = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 1.7 ** this.#failures);
    this.#failures += 1;
    this.#drop('waiting');
    this.#retry = setTimeout(() => this.open(), ms ?? patience * (0.75 + Math.random() / 2));
  }

  #watchFor(ms, reason) {
    clearInterval(this.#watch);
    this.#heardAt = Date.now();
    this.#watch = setInterval(() => {
      if (Date.now() - this.#heardAt < ms) return;
      this.#socket.close(4000, reason);
      this.#wait();
    }, ms / 4);
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }

  #drop(state) {
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    for (const { reject } of this.#pending.values()) reject(makeError({ message: 'The connection was lost.', isLost: true }));
    this.#pending.clear();
    this.#become(state);
  }
}
