// The conversation on the screen.
//
// Promise: what is shown already is left alone when something is added, so that reading, selecting and opened cards
// are not disturbed; the view follows the end only while the reader is there. The log is live for screen readers; a
// message that is being written is marked busy until it is whole.

import { idOf, textOf } from './conversation.js';
import { button, el, fill, moment } from './dom.js';
import { render } from './markdown.js';
import { ToolCard } from './toolcard.js';

const NAMES = { user: 'You', assistant: 'Assistant' };

function bubble(role, at, ...children) {
  const head = el('header', {}, el('b', {}, NAMES[role] ?? 'System'), el('time', {}, moment(at)));
  return el('article', { class: `message ${role}` }, head, ...children);
}

const textBox = (text) => el('div', { class: 'text' }, render(text ?? ''));

function callsOf({ role, content }) {
  return role === 'assistant' && Array.isArray(content) ? content.filter(({ type }) => type === 'toolCall') : [];
}

function card(call, result) {
  const { name, arguments: args } = call;
  return new ToolCard().update({ name, args, isError: result?.isError, result: result?.content });
}

function showPart(part, results) {
  if (part.type === 'text') return textBox(part.text);
  if (part.type === 'toolCall') return card(part, results.get(part.id));
  if (part.type !== 'thinking') return el('p', { class: 'note' }, `[${part.type}]`);
  return part.thinking && el('details', { class: 'tool' }, el('summary', {}, 'Thoughts'), render(part.thinking));
}

function showMessage(message, results) {
  const { role, timestamp, content, errorMessage } = message;
  const parts = Array.isArray(content) ? content : [{ type: 'text', text: textOf(message) }];
  return bubble(role, timestamp, parts.map((part) => showPart(part, results)),
    errorMessage && el('p', { class: 'error' }, errorMessage));
}

function showOwn({ text, at }, ...children) {
  return bubble('user', at, textBox(text), ...children);
}

function showUnsent(entry, outbox) {
  if (!entry.error) return showOwn(entry, el('p', { class: 'note' }, 'Waiting to be sent…'));
  return showOwn(entry, el('p', { class: 'error' }, `Not sent: ${entry.error} `,
    button('Try again', () => outbox.retry(entry)), ' ', button('Discard', () => outbox.discard(entry))));
}

/** A run that is under way, or one that failed. */
class RunView {
  #echo = el('div');
  #cards = new Map();
  #tools = el('div');
  #text = textBox('');
  #note = el('p');
  #told = '';
  #reply = bubble('assistant', Date.now(), this.#tools, this.#text, this.#note);
  element = el('div', {}, this.#echo, this.#reply);

  /** `told` are the calls that the transcript shows. */
  update({ state, echo, tools, text, phase, note }, told) {
    const isRunning = state === 'running';
    if (!echo !== !this.#echo.firstChild) fill(this.#echo, echo && showOwn(echo));
    const fresh = [...tools.values()].filter(({ id }) => !told.has(id));
    for (const tool of fresh) {
      if (!this.#cards.has(tool.id)) this.#cards.set(tool.id, new ToolCard());
      this.#cards.get(tool.id).update(tool);
    }
    const cards = fresh.map(({ id }) => this.#cards.get(id).element);
    if (cards.length !== this.#tools.childElementCount) fill(this.#tools, cards);
    if (text !== this.#told) fill(this.#text, render(text));
    this.#told = text;
    const waiting = text ? '' : phase ? `${phase.replaceAll('_', ' ')}…` : 'working…';
    this.#note.textContent = isRunning ? waiting : note;
    this.#note.className = state === 'failed' ? 'error' : 'note';
    this.#reply.setAttribute('aria-busy', isRunning);
    return this.element;
  }
}

export class Transcript {
  #log = el('div', { role: 'log', 'aria-label': 'Conversation' });
  #shown = new Map();
  #session = '';
  element = el('div', { class: 'scroll', tabindex: 0 }, this.#log);

  update(conversation, outbox) {
    const isNew = conversation.key !== this.#session;
    if (isNew) this.#shown.clear();
    this.#session = conversation.key;
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    const isAtEnd = isNew || scrollHeight - scrollTop - clientHeight < 80;
    this.#place(this.#list(conversation, outbox));
    if (isAtEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  /** What is to be shown: keys, in order, with what each stands for. */
  #list(conversation, outbox) {
    const { key, messages, runs, hasMore, isLoaded, error } = conversation;
    const results = new Map(messages.filter(({ role }) => role === 'toolResult').map((one) => [one.toolCallId, one]));
    const calls = new Set(messages.flatMap(callsOf).map(({ id }) => id));
    const list = new Map();
    const keep = (name, make) => list.set(name, this.#shown.get(name) ?? make());
    const keepRun = (run) => {
      keep(run.id, () => new RunView());
      list.get(run.id).update(run, calls);
    };
    const all = [...runs.values()];
    if (hasMore) keep('earlier', () => button('Show earlier messages', () => conversation.showEarlier()));
    for (const message of messages) {
      const id = idOf(message);
      const answered = callsOf(message).filter((call) => results.has(call.id)).length;
      if (message.role !== 'toolResult') keep(`${id} ${answered}`, () => showMessage(message, results));
      // A result whose call is further back than what was fetched.
      else if (!calls.has(message.toolCallId)) {
        keep(id, () => bubble('assistant', message.timestamp, card({ name: message.toolName }, message)));
      }
      all.filter(({ after }) => after === id).forEach(keepRun);
    }
    all.filter(({ after }) => !after).forEach(keepRun);
    for (const entry of outbox.entries.filter(({ sessionKey }) => sessionKey === key)) {
      keep(`${entry.key} ${entry.error}`, () => showUnsent(entry, outbox));
    }
    if (error) keep(error, () => el('p', { class: 'error' }, error));
    else if (isLoaded && !list.size) keep('', () => el('p', { class: 'empty' }, 'Nothing here yet. Say hello.'));
    return list;
  }

  #place(list) {
    this.#shown = list;
    const elements = [...list.values()].map((shown) => shown.element ?? shown);
    const wanted = new Set(elements);
    for (const child of [...this.#log.children]) if (!wanted.has(child)) child.remove();
    elements.forEach((element, i) => {
      const { children } = this.#log;
      if (children[i] !== element) this.#log.insertBefore(element, children[i] ?? null);
    });
  }
}
