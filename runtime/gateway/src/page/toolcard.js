// A call of a tool, as a card that opens.
//
// Promise: which tool was called, how it went, and on demand what it was asked and answered, as plain text. A card
// stays open or closed while it changes. Bound: 20,000 characters of each.

import { el, fill } from './dom.js';

const MOST = 20_000;

function show(value) {
  const parts = value?.content ?? value;
  let text = typeof parts === 'string' ? parts : JSON.stringify(parts, null, 2) ?? '';
  if (Array.isArray(parts)) {
    text = parts.map((part) => (part.type === 'text' ? part.text : JSON.stringify(part, null, 2))).join('\n');
  }
  return text.length > MOST ? `${text.slice(0, MOST)}\n… and ${text.length - MOST} more characters` : text;
}

function section(title, text) {
  return text ? [el('h4', {}, title), el('pre', { tabindex: 0 }, text)] : [];
}

export class ToolCard {
  #name = el('code');
  #state = el('span', { class: 'state' });
  #body = el('div');
  #told = '';
  element = el('details', { class: 'tool' }, el('summary', {}, this.#name, this.#state), this.#body);

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
