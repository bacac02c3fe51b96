// What is installed, and what each extension may reach.
//
// Promise: the gateway's own words for what was granted, what deserves care marked by more than colour, limits,
// tools, and where the extension has been on the network. Only looks; granting is for the command line.

import { el, fill, moment } from './dom.js';

const CARE = { caution: 'Caution: ', danger: 'Danger: ' };
const MOST_PASSAGES = 20;

function words(title, lines) {
  const item = ({ severity, text }) => el('li', { class: severity }, CARE[severity], text);
  return lines?.length > 0 && [el('h4', {}, title), el('ul', {}, lines.map(item))];
}

function showPassages(passages) {
  const item = ({ at, what, outcome }) => el('li', {}, el('time', {}, moment(at)), ` ${outcome}: ${what}`);
  return passages?.length > 0 && el('details', {}, el('summary', {}, 'Where it has been on the network'),
    el('ul', {}, passages.slice(0, MOST_PASSAGES).map(item)));
}

export class Extensions {
  title = 'Extensions';
  #link;
  #body = el('div');
  element = el('section', { 'aria-label': 'Extensions' }, el('h2', {}, 'Installed extensions'), this.#body);

  constructor(link) {
    this.#link = link;
    link.addEventListener('event:plugins.changed', () => this.element.isConnected && this.show());
  }

  isAvailable() {
    return this.#link.has('plugins.list');
  }

  async show() {
    try {
      const { plugins } = await this.#link.request('plugins.list');
      const cards = await Promise.all(plugins.map((plugin) => this.#show(plugin)));
      fill(this.#body, cards.length ? cards : 'None. openclaw plugins install FOLDER installs one.');
    } catch ({ message }) {
      fill(this.#body, el('p', { class: 'error' }, message));
    }
  }

  async #show(plugin) {
    const ask = (method) => this.#link.has(method) && this.#link.request(method, { id: plugin.id }).catch(() => null);
    const [details, activity] = await Promise.all([ask('plugins.inspect'), ask('plugins.activity')]);
    const { id, name, version, description, enabled, error, granted, asks, reach, limits, directories = [], tools = [] } = {
      ...plugin, ...details };
    const state = error || (enabled === false ? 'off' : 'on');
    const folders = directories.map(({ guest, path }) => ({ text: `${guest} is ${path} on this machine` }));
    return el('article', { class: 'message' },
      // The name is its author's choice, and may be another extension's; the id is its own.
      el('h3', {}, id, ' ', el('small', {}, [name && `“${name}”`, version, state].filter(Boolean).join(' · '))),
      el('p', {}, description),
      granted === false && [el('p', {}, 'It was granted nothing, so it cannot be called.'), words('It asks to', asks)],
      reach?.length === 0 ? el('p', {}, 'It may reach nothing.') : words('It may', reach),
      words('Folders', folders),
      words('Limits', limits),
      tools.length > 0 && el('p', {}, 'Tools: ', tools.map((tool) => tool.name ?? tool).join(', ')),
      showPassages(activity?.passages));
  }
}
