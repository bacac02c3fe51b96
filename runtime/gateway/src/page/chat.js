// The view in which one talks: which session, the conversation, and where to write.
//
// Promise: Enter sends, Shift+Enter makes a line; one can send without a connection. The list of sessions is fetched
// again when the gateway says that it changed.

import { Conversation } from './conversation.js';
import { button, el, fill } from './dom.js';
import { Outbox } from './outbox.js';
import { Transcript } from './transcript.js';

const TALLEST = 220;

export class Chat {
  title = 'Chat';
  #link;
  #outbox;
  #conversation;
  #transcript = new Transcript();
  #mainKey = 'main';
  #frame = 0;
  #timer = 0;
  #sessions = el('select', { 'aria-label': 'Session' });
  #fresh = button('New session', () => this.#create());
  #problem = el('p', { class: 'error', role: 'alert' });
  #field = el('textarea', { rows: 1, placeholder: 'Write a message…', 'aria-label': 'Message' });
  #stop = button('Stop', () => this.#try(this.#conversation.abort()), { class: 'stop', hidden: true });
  #form = el('form', { class: 'bar' }, this.#field, this.#stop, el('button', { class: 'send' }, 'Send'));
  element = el('section', { class: 'chat', 'aria-label': 'Chat' },
    el('div', { class: 'bar' }, this.#sessions, this.#fresh), this.#transcript.element, this.#problem, this.#form);

  constructor(link) {
    this.#link = link;
    this.#outbox = new Outbox(link);
    this.#conversation = new Conversation(link, this.#outbox);
    for (const part of [this.#conversation, this.#outbox]) part.addEventListener('change', () => this.#repaint());
    link.addEventListener('hello', () => this.#start());
    link.addEventListener('event:sessions.changed', () => this.#listSoon());
    this.#outbox.addEventListener('accepted', () => this.#listSoon());
    this.#sessions.addEventListener('change', () => this.#conversation.open(this.#sessions.value));
    this.#field.addEventListener('input', () => this.#fit());
    this.#field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.#field.value.trim();
      if (!text) return;
      this.#field.value = '';
      this.#fit();
      this.#outbox.add(this.#conversation.key, text);
    });
  }

  isAvailable() {
    return this.#link.has('chat.send') && this.#link.has('chat.history');
  }

  show() {
    this.#field.focus();
    this.#repaint();
  }

  #start() {
    this.#mainKey = this.#link.hello.snapshot?.sessionDefaults?.mainSessionKey || 'main';
    this.#fresh.hidden = !this.#link.has('sessions.create');
    if (this.#link.has('sessions.subscribe')) this.#try(this.#link.request('sessions.subscribe'));
    this.#conversation.open(this.#conversation.key || this.#mainKey);
    this.#list();
  }

  #listSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#list(), 300);
  }

  async #list() {
    if (!this.#link.has('sessions.list')) return;
    const answer = await this.#try(this.#link.request('sessions.list', { limit: 100, includeDerivedTitles: true }));
    if (!answer) return;
    const rows = answer.sessions.toSorted((a, b) => (b.updatedAt ?? 0) - (a.updatedAt ?? 0));
    for (const key of [this.#conversation.key, this.#mainKey]) {
      if (!rows.some((row) => row.key === key)) rows.unshift({ key });
    }
    fill(this.#sessions, rows.map((row) => el('option', { value: row.key }, this.#nameOf(row))));
    this.#sessions.value = this.#conversation.key;
  }

  #nameOf({ key, label, displayName, derivedTitle, channel }) {
    if (key === this.#mainKey) return 'Main';
    const name = label || displayName || derivedTitle || key.replace(/^agent:[^:]*:/, '');
    return channel && !name.includes(channel) ? `${name} (${channel})` : name;
  }

  async #create() {
    const created = await this.#try(this.#link.request('sessions.create'));
    if (!created) return;
    this.#conversation.open(created.key);
    this.#field.focus();
    await this.#list();
  }

  /** What was asked for, or null after telling why not. */
  #try(asked) {
    this.#problem.textContent = '';
    return asked.catch(({ message }) => {
      this.#problem.textContent = message;
      return null;
    });
  }

  #fit() {
    this.#field.style.height = 'auto';
    this.#field.style.height = `${Math.min(TALLEST, this.#field.scrollHeight + 2)}px`;
  }

  /** At most once for each frame, however many events came. */
  #repaint() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.#transcript.update(this.#conversation, this.#outbox);
      this.#stop.hidden = !this.#conversation.isBusy || !this.#link.has('chat.abort');
    });
  }
}
