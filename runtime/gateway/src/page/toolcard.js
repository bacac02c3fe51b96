// A call of a tool, as a card that opens.
//
// Promise: shows which tool was called, how it went, and on demand what it was asked and what it answered, as plain
// text. The card stays open or closed while it is brought up to date. Bound: 20,000 characters of each.

import { el, fill } from './dom.js';

const MOST = 20_000;

function shorten(text) {
  return text.length <= MOST ? text : `${text.slice(0, MOST)}\n… and ${text.length - MOST} more characters`;
}

function show(value) {
  if (value === undefined || value === null) return '';
  const parts = Array.isArray(value) ? value : value.content;
  if (Array.isArray(parts)) {
    const texts = parts.map((part) => (part.type === 'text' ? part.text : JSON.stringify(part, null, 2)));
    return shorten(texts.join('\n'));
  }
  return shorten(typeof value === 'string' ? value : JSON.stringify(value, null, 2));
}

function section(title, text) {
  return text ? [el('h4', {}, title), el('pre', { tabindex: 0 }, text)] : [];
}

/** A card. `update` takes `{ name, args, result, isError, isRunning }`. */
export class ToolCard {
  #name = el('code');
  #state = el('span', { class: 'state' });
  #body = el('div');
  #told = '';
  element = el('details', { class: 'tool' }, el('summary', {}, this.#name, this.#state), this.#body);

  /** Shows how the call stands. */
  update({ name, args, result, isError, isRunning }) {
    const state = isRunning ? 'running' : isError ? 'failed' : 'done';
    const told = JSON.stringify([state, args, result]);
    if (told === this.#told) return this.element;
    this.#told = told;
    this.#name.textContent = name || 'tool';
    this.#state.textContent = state;
    this.element.dataset.state = state;
    fill(this.#body, section('Asked', show(args)), section(isError ? 'Error' : 'Answered', show(result)));
    return this.element;
  }
}
