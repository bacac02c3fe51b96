// How the gateway is.
//
// Promise: what the gateway says of itself when the view comes to the front, and again with every tick while it is
// there. What one method cannot tell is left out.

import { el, fill, moment } from './dom.js';

function lasting(ms) {
  const minutes = Math.floor(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days) return `${days} d ${hours} h`;
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return el('dl', {}, known.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, String(value))]));
}

function describeAccount({ enabled, configured, running, connected, lastError }) {
  if (enabled === false) return 'off';
  if (configured === false) return 'not configured';
  const state = running ? (connected === false ? 'running, not connected' : 'running') : 'not running';
  return lastError ? `${state}: ${lastError}` : state;
}

/** The state of the gateway. */
export class Status {
  title = 'Status';
  #link;
  #since = 0;
  #body = el('div');
  #isInFront = false;
  element = el('section', { 'aria-label': 'Status' }, this.#body);

  constructor(link) {
    this.#link = link;
    for (const name of ['hello', 'event:tick']) link.addEventListener(name, () => this.#isInFront && this.#look());
    link.addEventListener('hello', () => {
      this.#since = Date.now() - (link.hello.snapshot?.uptimeMs ?? 0);
    });
  }

  /** Whether the gateway has what this view needs. */
  isAvailable() {
    return this.#link.has('status');
  }

  /** Is called when the view comes to the front. */
  show() {
    this.#isInFront = true;
    this.#look();
  }

  /** Is called when it leaves. */
  hide() {
    this.#isInFront = false;
  }

  async #look() {
    const ask = (method) => (this.#link.has(method) ? this.#link.request(method).catch(() => ({})) : {});
    const [health, status, channels] = await Promise.all(['health', 'status', 'channels.status'].map(ask));
    const { hello } = this.#link;
    const { sessions } = status;
    fill(
      this.#body,
      el('h2', {}, 'Gateway'),
      facts([
        ['Version', hello.server.version],
        ['Health', health.ok === undefined ? undefined : health.ok ? 'ok' : 'not ok'],
        ['Running for', lasting(Date.now() - this.#since)],
        ['Model', sessions?.defaults?.model],
        ['Agents', health.agents?.map(({ agentId }) => agentId).join(', ')],
        ['Sessions', sessions?.count],
        ['This browser may', hello.auth.scopes?.map((scope) => scope.replace('operator.', '')).join(', ')],
        ['Config', hello.snapshot?.configPath],
        ['State', hello.snapshot?.stateDir],
      ]),
      ...[this.#showChannels(channels)].flat(),
    );
  }

  #showChannels({ channelOrder, channelAccounts = {}, channelLabels = {} }) {
    if (!channelOrder) return null;
    const accounts = channelOrder.flatMap((channel) =>
      (channelAccounts[channel] ?? []).map((account) => [
        `${channelLabels[channel] ?? channel} (${account.name || account.accountId})`,
        [describeAccount(account), account.lastInboundAt && `last message ${moment(account.lastInboundAt)}`]
          .filter(Boolean).join(', '),
      ]),
    );
    const none = 'None is set up. openclaw channels add sets one up.';
    return [el('h2', {}, 'Channels'), accounts.length ? facts(accounts) : el('p', { class: 'empty' }, none)];
  }
}
