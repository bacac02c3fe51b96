// Who asks to be let in: strangers on channels, and devices.
//
// Promise: shows what waits now, asks the gateway again after every decision, and counts what waits for the title of
// the view. Channels do not tell of new requests, so those are asked for with every tick and, while the view is in
// front, every five seconds.

import { button, el, fill, moment } from './dom.js';

const LOOK_MS = 5_000;

function row(title, facts, ...actions) {
  const shown = facts.filter((fact) => fact).join(' · ');
  return el('li', {}, el('div', {}, el('b', {}, title), el('p', {}, shown)), el('div', { class: 'actions' }, ...actions));
}

function list(title, empty, rows) {
  return [el('h2', {}, title), rows.length ? el('ul', { class: 'rows' }, rows) : el('p', { class: 'empty' }, empty)];
}

/** The requests. */
export class Pairing {
  title = 'Pairing';
  count = 0;
  #link;
  #told;
  #timer = 0;
  #said = el('p', { class: 'note', role: 'status' });
  #senders = el('div');
  #devices = el('div');
  element = el('section', { 'aria-label': 'Pairing' }, this.#said, this.#senders, this.#devices);

  /** `told` is called when the count changed. */
  constructor(link, told) {
    this.#link = link;
    this.#told = told;
    for (const name of ['tick', 'device.pair.requested', 'device.pair.resolved', 'device.pair.changed']) {
      link.addEventListener(`event:${name}`, () => this.#look());
    }
    for (const name of ['hello', 'gap']) link.addEventListener(name, () => this.#look());
  }

  /** Whether this connection may see requests. */
  isAvailable() {
    return this.#link.may('operator.pairing') && (this.#hasSenders() || this.#hasDevices());
  }

  /** Is called when the view comes to the front. */
  show() {
    this.#said.textContent = '';
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Is called when it leaves. */
  hide() {
    clearInterval(this.#timer);
  }

  #hasSenders() {
    return this.#link.has('channels.pairing.list');
  }

  #hasDevices() {
    return this.#link.has('device.pair.list');
  }

  async #look() {
    if (!this.isAvailable()) return;
    const ask = (method) => this.#link.request(method).catch((error) => ({ error }));
    const [senders, devices] = await Promise.all([
      this.#hasSenders() ? ask('channels.pairing.list') : null,
      this.#hasDevices() ? ask('device.pair.list') : null,
    ]);
    if ([senders, devices].some((answer) => answer?.error?.isLost)) return;
    this.count = (senders?.requests?.length ?? 0) + (devices?.pending?.length ?? 0);
    this.#keepFocus(() => {
      fill(this.#senders, senders ? this.#showSenders(senders) : []);
      fill(this.#devices, devices ? this.#showDevices(devices) : []);
    });
    this.#told();
  }

  /** The lists are made anew; a button that had the focus hands it to the one that took its place. */
  #keepFocus(change) {
    const name = document.activeElement?.dataset.name;
    change();
    if (name) [...this.element.querySelectorAll('[data-name]')].find((other) => other.dataset.name === name)?.focus();
  }

  #act(label, name, method, params, done) {
    const act = async () => {
      try {
        await this.#link.request(method, params);
        this.#said.textContent = done;
      } catch (error) {
        this.#said.textContent = error.message;
      }
      await this.#look();
    };
    return this.#link.has(method) && button(label, act, { dataset: { name: `${method} ${name}` } });
  }

  #showSenders({ error, requests = [] }) {
    if (error) return el('p', { class: 'error' }, error.message);
    const rows = requests.map((request) => {
      const { requestId, channel, accountId, senderId, senderLabel } = request;
      const name = senderLabel || senderId;
      const where = { channel, accountId, requestId };
      return row(
        name,
        [request.channelLabel || channel, request.accountLabel || accountId, `id ${senderId}`, moment(request.createdAt),
          request.code && `code ${request.code}`],
        this.#act('Approve', requestId, 'channels.pairing.approve', where, `${name} may now write to the assistant.`),
        this.#act('Dismiss', requestId, 'channels.pairing.dismiss', where, `The request of ${name} was dismissed.`),
      );
    });
    return list('People who wrote', 'Nobody waits. Who writes for the first time is listed here.', rows);
  }

  #showDevices({ error, pending = [], paired = [] }) {
    if (error) return el('p', { class: 'error' }, error.message);
    const waiting = pending.map((device) => {
      const { requestId } = device;
      const name = device.displayName || device.clientId || device.deviceId.slice(0, 12);
      return row(
        name,
        [device.platform, device.remoteIp, device.role, device.scopes?.join(', '), `key ${device.deviceId.slice(0, 12)}`,
          moment(device.ts)],
        this.#act('Approve', requestId, 'device.pair.approve', { requestId }, `${name} may now connect.`),
        this.#act('Reject', requestId, 'device.pair.reject', { requestId }, `${name} was rejected.`),
      );
    });
    const known = paired.map((device) => {
      const name = device.label || device.displayName || device.clientId || 'Device';
      return row(name, [device.platform, device.connected && 'connected', device.scopes?.join(', '),
        `key ${device.deviceId.slice(0, 12)}`, moment(device.approvedAtMs)]);
    });
    return [
      ...list('Devices that ask', 'No device waits.', waiting),
      ...list('Devices that may connect', 'None.', known),
    ];
  }
}
