// Who asks to be let in: strangers on channels, and devices.
//
// Promise: shows what waits now, and counts it for the title of the view; asks the gateway again after each decision.
// Channels do not tell of new requests, so it also asks with every tick, and every five seconds while in front.

import { button, el, fill, moment } from './dom.js';

const LOOK_MS = 5_000;

function row(title, facts, actions = []) {
  const shown = facts.filter(Boolean).join(' · ');
  return el('li', {}, el('div', {}, el('b', {}, title), el('p', {}, shown)), el('div', { class: 'bar' }, actions));
}

function list(title, { error }, rows) {
  if (error) return [el('h2', {}, title), el('p', { class: 'error' }, error.message)];
  return [el('h2', {}, title), rows.length ? el('ul', { class: 'rows' }, rows) : el('p', { class: 'empty' }, 'None.')];
}

const nameOf = ({ label, displayName, clientId, deviceId }) => label || displayName || clientId || deviceId;

export class Pairing {
  title = 'Pairing';
  count = 0;
  #link;
  #told;
  #timer = 0;
  #said = el('p', { class: 'note', role: 'status' });
  #lists = el('div');
  element = el('section', { 'aria-label': 'Pairing' }, this.#said, this.#lists);

  /** `told` is called when the count may have changed. */
  constructor(link, told) {
    this.#link = link;
    this.#told = told;
    const device = ['requested', 'resolved', 'changed'].map((what) => `event:device.pair.${what}`);
    for (const name of ['hello', 'gap', 'event:tick', ...device]) link.addEventListener(name, () => this.#look());
  }

  isAvailable() {
    const hasOne = this.#link.has('channels.pairing.list') || this.#link.has('device.pair.list');
    return hasOne && this.#link.may('operator.pairing');
  }

  show() {
    this.#said.textContent = '';
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  hide() {
    clearInterval(this.#timer);
  }

  async #look() {
    if (!this.isAvailable()) return;
    const ask = (method) => this.#link.has(method) && this.#link.request(method).catch((error) => ({ error }));
    const [senders, devices] = await Promise.all([ask('channels.pairing.list'), ask('device.pair.list')]);
    if (senders.error?.isLost || devices.error?.isLost) return;
    this.count = (senders.requests?.length ?? 0) + (devices.pending?.length ?? 0);
    // The lists are made anew; a button that had the focus hands it to the one in its place.
    const focused = this.#lists.contains(document.activeElement) && document.activeElement.id;
    fill(this.#lists, senders && this.#listSenders(senders), devices && this.#listDevices(devices));
    if (focused) document.getElementById(focused)?.focus();
    this.#told();
  }

  #act(label, method, params, done) {
    const act = async () => {
      this.#said.textContent = await this.#link.request(method, params).then(() => done, ({ message }) => message);
      await this.#look();
    };
    return this.#link.has(method) && button(label, act, { id: `${method} ${params.requestId}` });
  }

  #listSenders({ error, requests = [] }) {
    return list('People who wrote', { error }, requests.map((request) => {
      const { requestId, channel, channelLabel, accountId, accountLabel, senderId, senderLabel, code } = request;
      const name = senderLabel || senderId;
      const where = { channel, accountId, requestId };
      const facts = [channelLabel || channel, accountLabel || accountId, `id ${senderId}`, code && `code ${code}`];
      return row(name, [...facts, moment(request.createdAt)], [
        this.#act('Approve', 'channels.pairing.approve', where, `${name} may now write to the assistant.`),
        this.#act('Dismiss', 'channels.pairing.dismiss', where, `The request of ${name} was dismissed.`),
      ]);
    }));
  }

  #listDevices({ error, pending = [], paired = [] }) {
    const facts = ({ platform, remoteIp, connected, scopes, deviceId, ts, approvedAtMs }) =>
      [platform, remoteIp, connected && 'connected', scopes?.join(', '), `key ${deviceId.slice(0, 12)}`,
        moment(ts ?? approvedAtMs)];
    const waiting = pending.map((device) => {
      const { requestId } = device;
      const name = nameOf(device);
      return row(name, facts(device), [
        this.#act('Approve', 'device.pair.approve', { requestId }, `${name} may now connect.`),
        this.#act('Reject', 'device.pair.reject', { requestId }, `${name} was rejected.`),
      ]);
    });
    const known = paired.map((device) => row(nameOf(device), facts(device)));
    return [...list('Devices that ask', { error }, waiting), ...list('Devices that may connect', { error }, known)];
  }
}
