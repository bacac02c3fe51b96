// What is installed, and what each extension may reach.
//
// Promise: shows the gateway's own words for what was granted, the dangerous ones marked by more than colour, its
// limits, its tools and where it has been on the network. Looks only; granting is for the command line.

import { el, fill, moment } from './dom.js';

const CARE = { caution: 'Caution: ', danger: 'Danger: ' };
const MOST_PASSAGES = 20;

function lines(title, words) {
  if (!words?.length) return [];
  const item = ({ severity, text }) => el('li', { class: severity }, CARE[severity] ?? '', text);
  return [el('h4', {}, title), el('ul', {}, words.map(item))];
}

/** The extensions. */
export class Extensions {
  title = 'Extensions';
  #link;
  #body = el('div');
  element = el('section', { 'aria-label': 'Extensions' }, el('h2', {}, 'Installed extensions'), this.#body);

  constructor(link) {
    this.#link = link;
    link.addEventListener('event:plugins.changed', () => this.element.isConnected && this.show());
  }

  /** Whether the gateway has what this view needs. */
  isAvailable() {
    return this.#link.has('plugins.list');
  }

  /** Is called when the view comes to the front. */
  async show() {
    try {
      const { plugins } = await this.#link.request('plugins.list');
      const none = 'None. openclaw plugins install FOLDER installs one.';
      const cards = await Promise.all(plugins.map((plugin) => this.#card(plugin)));
      fill(this.#body, cards.length ? cards : el('p', { class: 'empty' }, none));
    } catch (error) {
      if (!error.isLost) fill(this.#body, el('p', { class: 'error' }, error.message));
    }
  }

  async #card(plugin) {
    const ask = (method) =>
      this.#link.has(method) ? this.#link.request(method, { id: plugin.id }).catch(() => ({})) : {};
    const [details, activity] = await Promise.all([ask('plugins.inspect'), ask('plugins.activity')]);
    const { id, name, version, description, enabled, error, reach, limits, off, tools } = { ...plugin, ...details };
    const state = error || off || (enabled === false ? 'off' : 'on');
    const toolNames = (tools ?? []).map((tool) => tool.name ?? tool).join(', ');
    return el('article', { class: 'extension' },
      el('h3', {}, name || id, ' ', el('small', {}, [version, state].filter(Boolean).join(' · '))),
      description && el('p', {}, description),
      reach?.length ? lines('It may', reach) : el('p', { class: 'note' }, 'It may reach nothing.'),
      lines('Limits', limits),
      toolNames && el('p', {}, 'Tools: ', toolNames),
      this.#showActivity(activity.passages));
  }

  #showActivity(passages) {
    if (!passages?.length) return null;
    const row = ({ at, what, outcome }) => el('li', { class: outcome === 'ok' ? '' : 'caution' },
      el('time', {}, moment(at)), ` ${outcome}: ${what}`);
    return el('details', {}, el('summary', {}, 'Where it has been on the network'),
      el('ul', {}, passages.slice(0, MOST_PASSAGES).map(row)));
  }
}
