// The conversation on the screen.
//
// Promise: what is already shown is left alone when something is added, so that reading, selecting and opened cards
// are not disturbed; the view follows the end only while the reader is there. Says new messages to screen readers
// (the log is live), not each step of one that is still being written.

import { idOf, textOf } from './conversation.js';
import { button, el, fill, moment } from './dom.js';
import { render } from './markdown.js';
import { ToolCard } from './toolcard.js';

const PHASES = {
  preparing_workspace: 'Preparing the workspace…',
  preparing_context: 'Preparing…',
  memory_flushing: 'Saving memories…',
  starting_model: 'Asking the model…',
};
const NAMES = { user: 'You', assistant: 'Assistant', system: 'System' };

function bubble(role, at, ...children) {
  const head = el('header', {}, el('b', {}, NAMES[role] ?? role), el('time', {}, moment(at)));
  return el('article', { class: `message ${role}` }, head, ...children);
}

function parts(message) {
  return Array.isArray(message.content) ? message.content : [{ type: 'text', text: textOf(message) }];
}

function callsOf(message) {
  return message.role === 'assistant' ? parts(message).filter((part) => part.type === 'toolCall') : [];
}

function thoughts(text) {
  return el('details', { class: 'thoughts' }, el('summary', {}, 'Thoughts'), ...render(text));
}

function card(call, result) {
  const facts = { name: call.name, args: call.arguments, isError: result?.isError, result: result?.content };
  return new ToolCard().update({ ...facts, isRunning: false });
}

function show(part, results) {
  if (part.type === 'text') return el('div', { class: 'text' }, ...render(part.text ?? ''));
  if (part.type === 'thinking') return part.thinking ? thoughts(part.thinking) : null;
  if (part.type === 'toolCall') return card(part, results.get(part.id));
  return el('p', { class: 'note' }, `[${part.type}]`);
}

/** A message of the transcript. */
function showMessage(message, results) {
  const shown = parts(message).map((part) => show(part, results));
  const failure = message.errorMessage ? el('p', { class: 'error' }, message.errorMessage) : null;
  return bubble(message.role, message.timestamp, ...shown.filter(Boolean), failure);
}

/** A run that is under way, or one that failed. */
class RunView {
  #echo = el('div');
  #cards = new Map();
  #tools = el('div');
  #text = el('div', { class: 'text' });
  #note = el('p', { class: 'note' });
  #told = null;
  #reply = bubble('assistant', undefined, this.#tools, this.#text, this.#note);
  element = el('div', { class: 'run' }, this.#echo, this.#reply);

  update(run, shownCalls) {
    if (run.echo && !this.#echo.firstChild) fill(this.#echo, showEcho(run.echo));
    if (!run.echo) fill(this.#echo);
    const tools = [...run.tools.values()].filter((tool) => !shownCalls.has(tool.id));
    for (const tool of tools) {
      if (!this.#cards.has(tool.id)) this.#cards.set(tool.id, new ToolCard());
      const { element } = this.#cards.get(tool.id);
      this.#cards.get(tool.id).update(tool);
      if (!element.parentNode) this.#tools.append(element);
    }
    if (!tools.length) fill(this.#tools);
    if (this.#told !== run.text) fill(this.#text, render(run.text));
    this.#told = run.text;
    const isRunning = run.state === 'running';
    const waits = run.text ? '' : PHASES[run.phase] ?? 'Working…';
    this.#note.textContent = isRunning ? waits : run.note;
    this.#note.className = run.state === 'failed' ? 'error' : 'note';
    this.#reply.setAttribute('aria-busy', String(isRunning));
    return this.element;
  }
}

function showEcho({ text, at }) {
  return bubble('user', at, el('div', { class: 'text' }, ...render(text)));
}

function showUnsent(entry, outbox) {
  const state = entry.error
    ? el('p', { class: 'error' }, `Not sent: ${entry.error} `,
        button('Try again', () => outbox.retry(entry)), ' ', button('Discard', () => outbox.discard(entry)))
    : el('p', { class: 'note' }, 'Waiting to be sent…');
  const shown = showEcho(entry);
  shown.append(state);
  return shown;
}

/** The log of a conversation. */
export class Transcript {
  #log = el('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': 'Conversation' });
  #shown = new Map();
  #runs = new Map();
  #session = '';
  element = el('div', { class: 'scroll', tabindex: 0 }, this.#log);

  /** Brings the log up to date. */
  update(conversation, outbox) {
    const isNewSession = conversation.key !== this.#session;
    if (isNewSession) {
      this.#session = conversation.key;
      this.#shown.clear();
      this.#runs.clear();
    }
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    const isAtEnd = isNewSession || scrollHeight - scrollTop - clientHeight < 80;
    this.#place(this.#list(conversation, outbox));
    if (isAtEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  #list(conversation, outbox) {
    const { messages, runs } = conversation;
    const results = new Map();
    for (const message of messages) if (message.role === 'toolResult') results.set(message.toolCallId, message);
    const calls = new Set(messages.flatMap(callsOf).map((call) => call.id));
    const elements = [];
    if (conversation.hasMore) {
      elements.push(this.#keep('earlier', () => button('Show earlier messages', () => conversation.showEarlier())));
    }
    const kept = new Map([...this.#runs].filter(([id]) => runs.has(id)));
    this.#runs = kept;
    const place = (run) => {
      if (!this.#runs.has(run.id)) this.#runs.set(run.id, new RunView());
      elements.push(this.#runs.get(run.id).update(run, calls));
    };
    const fallen = [...runs.values()].filter((run) => run.after);
    for (const message of messages) {
      const id = idOf(message);
      const answered = callsOf(message).filter((call) => results.has(call.id)).length;
      if (message.role === 'toolResult') {
        if (!calls.has(message.toolCallId)) elements.push(this.#keep(id, () => showOrphan(message)));
      } else {
        elements.push(this.#keep(`${id} ${answered}`, () => showMessage(message, results)));
      }
      fallen.filter((run) => run.after === id).forEach(place);
    }
    [...runs.values()].filter((run) => !run.after).forEach(place);
    for (const entry of outbox.entries.filter(({ sessionKey }) => sessionKey === conversation.key)) {
      elements.push(this.#keep(`${entry.key} ${entry.error ?? ''}`, () => showUnsent(entry, outbox)));
    }
    if (conversation.error) elements.push(el('p', { class: 'error' }, conversation.error));
    const isEmpty = conversation.isLoaded && !elements.length;
    if (isEmpty) elements.push(this.#keep('empty', () => el('p', { class: 'empty' }, 'Nothing here yet. Say hello.')));
    return elements;
  }

  /** The element that was shown under a key before, or a new one. */
  #keep(key, make) {
    if (!this.#shown.has(key)) this.#shown.set(key, make());
    return this.#shown.get(key);
  }

  #place(elements) {
    const wanted = new Set(elements);
    for (const [key, element] of this.#shown) if (!wanted.has(element)) this.#shown.delete(key);
    for (const child of [...this.#log.children]) if (!wanted.has(child)) child.remove();
    elements.forEach((element, i) => {
      if (this.#log.children[i] !== element) this.#log.insertBefore(element, this.#log.children[i] ?? null);
    });
  }
}

/** A result whose call is further back than the transcript that was fetched. */
function showOrphan(message) {
  return bubble('assistant', message.timestamp, card({ name: message.toolName }, message));
}
