// How the gateway is.
//
// Promise: what the gateway says of itself when the view comes to the front, and again with every tick. What one
// method cannot tell is left out.

import { el, facts, fill, moment } from './dom.js';

function lasting(ms) {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function describe({ enabled, configured, running, connected, lastError, lastInboundAt }) {
  const state = running ? 'running' : enabled === false ? 'off' : configured ? 'not running' : 'not configured';
  const isCut = running && connected === false && 'not connected';
  return [state, isCut, lastError, lastInboundAt && `last message ${moment(lastInboundAt)}`].filter(Boolean).join(', ');
}

export class Status {
  title = 'Status';
  element = el('section', { 'aria-label': 'Status' });
  #link;
  #startedAt = 0;

  constructor(link) {
    this.#link = link;
    const look = () => this.element.isConnected && this.show();
    link.addEventListener('event:tick', look);
    link.addEventListener('hello', () => {
      this.#startedAt = Date.now() - (link.hello.snapshot?.uptimeMs ?? 0);
      look();
    });
  }

  isAvailable() {
    return this.#link.has('status');
  }

  async show() {
    const ask = (method) => (this.#link.has(method) ? this.#link.request(method).catch(() => ({})) : {});
    const [health, status, channels] = await Promise.all(['health', 'status', 'channels.status'].map(ask));
    const { server, auth, snapshot } = this.#link.hello;
    const { channelOrder = [], channelAccounts = {}, channelLabels = {} } = channels;
    const accounts = channelOrder.flatMap((channel) => (channelAccounts[channel] ?? []).map((account) =>
      [`${channelLabels[channel] ?? channel} (${account.name || account.accountId})`, describe(account)]));
    fill(this.element,
      el('h2', {}, 'Gateway'),
      facts([
        ['Version', server.version],
        ['Health', health.ok ? 'ok' : 'unknown'],
        ['Running for', lasting(Date.now() - this.#startedAt)],
        ['Model', status.sessions?.defaults?.model],
        ['Sessions', status.sessions?.count],
        ['This browser may', auth.scopes?.map((scope) => scope.replace('operator.', '')).join(', ')],
        ['Config', snapshot?.configPath],
        ['State', snapshot?.stateDir],
      ]),
      el('h2', {}, 'Channels'),
      accounts.length ? facts(accounts) : el('p', { class: 'empty' }, 'None. openclaw channels add sets one up.'));
  }
}
