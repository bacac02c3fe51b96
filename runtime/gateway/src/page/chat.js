// The view in which one talks: which session, the conversation, and where to write.
//
// Promise: Enter sends, Shift+Enter makes a line; what is typed stays in the field until it is sent, and it can be
// sent while there is no connection. The list of sessions is fetched again when the gateway says that it changed.

import { Conversation } from './conversation.js';
import { button, el, fill } from './dom.js';
import { Outbox } from './outbox.js';
import { Transcript } from './transcript.js';

const MAIN = 'main';
const TALLEST = 220;

function nameOf(row, mainKey) {
  if (row.key === mainKey) return 'Main';
  const name = row.displayName || row.label || row.derivedTitle || row.key.replace(/^agent:[^:]*:/, '');
  return row.channel && !name.includes(row.channel) ? `${name} (${row.channel})` : name;
}

/** The chat. */
export class Chat {
  title = 'Chat';
  #link;
  #outbox;
  #conversation;
  #transcript = new Transcript();
  #mainKey = MAIN;
  #frame = 0;
  #listing = 0;
  #sessions = el('select', { 'aria-label': 'Session' });
  #field = el('textarea', { rows: 1, placeholder: 'Write a message…', 'aria-label': 'Message' });
  #stop = button('Stop', () => this.#abort(), { class: 'stop', hidden: true });
  #fresh = button('New session', () => this.#create(), { hidden: true });
  #problem = el('p', { class: 'error', role: 'alert' });
  #form = el('form', { class: 'composer' }, this.#field, this.#stop, el('button', { class: 'send' }, 'Send'));
  element = el('section', { class: 'chat', 'aria-label': 'Chat' },
    el('div', { class: 'bar' }, this.#sessions, this.#fresh), this.#transcript.element, this.#problem, this.#form);

  constructor(link) {
    this.#link = link;
    this.#outbox = new Outbox(link);
    this.#conversation = new Conversation(link, this.#outbox);
    const repaint = () => this.#repaint();
    this.#conversation.addEventListener('change', repaint);
    this.#outbox.addEventListener('change', repaint);
    this.#outbox.addEventListener('accepted', () => this.#listSoon());
    link.addEventListener('hello', () => this.#start());
    link.addEventListener('event:sessions.changed', () => this.#listSoon());
    this.#sessions.addEventListener('change', () => this.#conversation.open(this.#sessions.value));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener('input', () => this.#fit());
  }

  /** Whether the gateway has what this view needs. */
  isAvailable() {
    return this.#link.has('chat.send') && this.#link.has('chat.history');
  }

  /** Is called when the view comes to the front. */
  show() {
    this.#field.focus();
    this.#repaint();
  }

  async #start() {
    this.#mainKey = this.#link.hello.snapshot?.sessionDefaults?.mainSessionKey || MAIN;
    this.#fresh.hidden = !this.#link.has('sessions.create');
    if (this.#link.has('sessions.subscribe')) this.#link.request('sessions.subscribe').catch(() => {});
    this.#conversation.open(this.#conversation.key || this.#mainKey);
    await this.#list();
  }

  #listSoon() {
    clearTimeout(this.#listing);
    this.#listing = setTimeout(() => this.#list(), 300);
  }

  async #list() {
    if (!this.#link.has('sessions.list')) return;
    const answer = await this.#link.request('sessions.list', { limit: 100, includeDerivedTitles: true }).catch(() => null);
    if (!answer) return;
    const rows = answer.sessions.toSorted((a, b) => (b.updatedAt ?? 0) - (a.updatedAt ?? 0));
    for (const key of [this.#conversation.key, this.#mainKey]) {
      if (!rows.some((row) => row.key === key)) rows.unshift({ key });
    }
    const option = (row) => el('option', { value: row.key }, nameOf(row, this.#mainKey));
    fill(this.#sessions, rows.map(option));
    this.#sessions.value = this.#conversation.key;
  }

  async #create() {
    const { key } = await this.#try(() => this.#link.request('sessions.create')) ?? {};
    if (!key) return;
    this.#conversation.open(key);
    await this.#list();
    this.#field.focus();
  }

  #submit() {
    const text = this.#field.value.trim();
    if (!text || !this.#conversation.key) return;
    this.#field.value = '';
    this.#fit();
    this.#outbox.add(this.#conversation.key, text);
  }

  async #abort() {
    await this.#try(() => this.#conversation.abort());
  }

  async #try(act) {
    this.#problem.textContent = '';
    try {
      return await act();
    } catch (error) {
      this.#problem.textContent = error.message;
      return null;
    }
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
