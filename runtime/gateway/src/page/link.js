// The connection to the gateway: one WebSocket that is opened again whenever it ends.
//
// Promise: `request` answers exactly once, with the payload or an Error; a request that was under way when the
// connection ended fails with `isLost`, and who sent it decides whether to send it again. State and events are told
// as DOM events: `state`, `hello`, `gap` (events were missed; fetch again what you show) and one `event:NAME` for
// each event of the gateway. Bound: one socket, waits of at most 15 s between tries, each twice as patient as a
// gateway's tick before a silent connection is given up.

import { forgetDeviceToken, keepDeviceToken, present } from './credentials.js';
import { prove } from './device.js';

const PROTOCOL = 4;
const ROLE = 'operator';
const SCOPES = ['operator.admin', 'operator.read', 'operator.write', 'operator.pairing'];
const FIRST_WAIT_MS = 800;
const LONGEST_WAIT_MS = 15_000;
const OPENING_MS = 15_000;

// Refusals that trying again cannot mend: a person has to do something first.
const FINAL = /^(AUTH_|CONTROL_UI_|DEVICE_|CLIENT_VERSION_MISMATCH|PROTOCOL_MISMATCH|PAIRING_REQUIRED)/;

class Refusal extends Error {
  constructor({ code, message, details, retryable, retryAfterMs }) {
    super(message);
    Object.assign(this, { code, details: details ?? {}, retryable: retryable === true, retryAfterMs });
  }
}

class Lost extends Error {
  isLost = true;
  constructor() {
    super('The connection to the gateway was lost.');
  }
}

function describeClient() {
  const platform = navigator.userAgentData?.platform || navigator.platform || 'browser';
  return { id: 'webchat-ui', mode: 'webchat', version: '1', platform, displayName: 'WebChat' };
}

/** The one connection of a page. Its `state` is `connecting`, `open`, `waiting` (to try again) or `refused`. */
export class Link extends EventTarget {
  state = 'connecting';
  hello = null;
  refusal = null;
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
    this.address = address;
    const wake = () => this.state === 'waiting' && document.visibilityState === 'visible' && this.open();
    addEventListener('online', wake);
    document.addEventListener('visibilitychange', wake);
  }

  /** Opens the connection now, whatever the state. */
  open() {
    this.#drop();
    this.#become('connecting');
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    this.#watchFor(OPENING_MS, 'connect timeout');
    const isCurrent = () => this.#socket === socket;
    socket.onmessage = ({ data }) => isCurrent() && this.#hear(data);
    socket.onclose = () => isCurrent() && this.#end();
  }

  /** Ends the connection for good and forgets what the gateway said. */
  leave() {
    this.#drop();
    this.hello = null;
    this.refusal = null;
    this.#become('refused');
  }

  /** Whether the gateway has a method. */
  has(method) {
    return this.hello?.features.methods.includes(method) ?? false;
  }

  /** Whether this connection may do what needs a scope. */
  may(scope) {
    const scopes = this.hello?.auth.scopes ?? [];
    return scopes.includes(scope) || scopes.includes('operator.admin');
  }

  /** Calls a method. Rejects at once when there is no connection. */
  request(method, params = {}) {
    if (this.state !== 'open') return Promise.reject(new Lost());
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

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }

  #hear(data) {
    this.#heardAt = Date.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === 'res') this.#settle(frame);
    else if (frame.event === 'connect.challenge') this.#introduce(frame.payload.nonce);
    else if (frame.type === 'event') this.#tell(frame);
  }

  #settle({ id, ok, payload, error }) {
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    if (ok) waiting?.resolve(payload ?? {});
    else waiting?.reject(new Refusal(error ?? { code: 'UNAVAILABLE', message: 'The gateway gave no reason.' }));
  }

  #tell({ event, payload, seq }) {
    if (Number.isInteger(seq)) {
      const isGap = seq !== this.#lastSeq + 1;
      this.#lastSeq = seq;
      if (isGap) this.dispatchEvent(new Event('gap'));
    }
    this.dispatchEvent(new CustomEvent(`event:${event}`, { detail: payload ?? {} }));
  }

  async #introduce(nonce) {
    const socket = this.#socket;
    const { auth, signed } = present();
    const client = describeClient();
    const device = await prove({ client, role: ROLE, scopes: SCOPES, token: signed, nonce });
    if (this.#socket !== socket || socket.readyState !== WebSocket.OPEN) return;
    const params = { minProtocol: PROTOCOL, maxProtocol: PROTOCOL, client, role: ROLE, scopes: SCOPES, device };
    Object.assign(params, { caps: ['tool-events'], locale: navigator.language, userAgent: navigator.userAgent });
    if (auth) params.auth = auth;
    this.#send('connect', params).then(
      (hello) => this.#welcome(hello),
      (refusal) => refusal.isLost || this.#turnAway(refusal),
    );
  }

  #welcome(hello) {
    this.hello = hello;
    this.refusal = null;
    this.#failures = 0;
    this.#lastSeq = 0;
    if (hello.auth?.deviceToken) keepDeviceToken(hello.auth.deviceToken);
    this.#watchFor(2 * (hello.policy?.tickIntervalMs ?? 30_000), 'tick timeout');
    this.#become('open');
    this.dispatchEvent(new Event('hello'));
  }

  #turnAway(refusal) {
    const { code, pauseReconnect, recommendedNextStep } = refusal.details;
    this.refusal = refusal;
    const isWait = pauseReconnect === false || recommendedNextStep === 'wait_then_retry';
    // A token that was made for this browser ends with the secret behind it; the next try goes without.
    const isStale = code === 'AUTH_DEVICE_TOKEN_MISMATCH' || code === 'AUTH_SCOPE_MISMATCH';
    if (isStale && present().auth?.deviceToken) {
      forgetDeviceToken();
      this.#wait(0);
    } else if (FINAL.test(code ?? '') && !isWait) {
      this.#drop();
      this.#become('refused');
    } else {
      this.#wait(refusal.retryAfterMs);
    }
  }

  #wait(ms) {
    this.#drop();
    this.#failures += 1;
    const patience = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 1.7 ** (this.#failures - 1));
    this.#retry = setTimeout(() => this.open(), ms ?? patience * (0.75 + Math.random() / 2));
    this.#become('waiting');
  }

  #end() {
    if (this.state !== 'refused') this.#wait();
  }

  #watchFor(ms, reason) {
    clearInterval(this.#watch);
    this.#heardAt = Date.now();
    this.#watch = setInterval(() => {
      if (Date.now() - this.#heardAt < ms) return;
      this.#socket?.close(4000, reason);
      this.#end();
    }, ms / 4);
  }

  #drop() {
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    for (const { reject } of this.#pending.values()) reject(new Lost());
    this.#pending.clear();
  }
}
