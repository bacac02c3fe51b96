// Commands that wait for somebody to allow them on the gateway's machine.
//
// Promise: each is shown as the gateway tells it, with the answers that it takes. What cannot be seen or would move what
// stands beside it is spelled out. One that was answered, here or elsewhere, stays where it is without its buttons until
// the view is left, so that no click meets another command than the one it was meant for.

import { button, el, facts, fill, moment } from './dom.js';

const ANSWERS = { 'allow-once': 'Allow once', 'allow-always': 'Always allow', deny: 'Deny' };
const ANSWERED = { 'allow-once': 'Allowed once', 'allow-always': 'Allowed from now on', deny: 'Denied' };
const UNSEEN = /(?![ \n\t])[\p{C}\p{Z}\p{DI}\u2800]/gu;

const spell = (text) => String(text ?? '').replace(UNSEEN, (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`);
// Letters that are written from right to left stand where they are in the command.
const exact = (text) => text && el('bdo', { dir: 'ltr' }, spell(text));

export class Nods {
  title = 'Commands';
  count = 0;
  #link;
  #told;
  #rows = new Map();
  #said = el('p', { class: 'error', role: 'status' });
  #list = el('ul', { class: 'rows' });
  #none = el('p', { class: 'empty' }, 'No command waits for an answer.');
  element = el('section', { 'aria-label': 'Commands' }, el('h2', {}, 'Commands that wait for an answer'), this.#said,
    this.#none, this.#list);

  /** `told` is called when the count may have changed. */
  constructor(link, told) {
    this.#link = link;
    this.#told = told;
    for (const name of ['hello', 'gap', 'event:tick', 'event:exec.approval.requested']) {
      link.addEventListener(name, () => this.#look());
    }
    link.addEventListener('event:exec.approval.resolved', ({ detail: { id, decision, resolvedBy } }) => {
      this.#close(id, ANSWERED[decision], resolvedBy);
    });
  }

  isAvailable() {
    return this.#link.has('exec.approval.list') && this.#link.may('operator.approvals');
  }

  show() {
    this.#said.textContent = '';
    this.#look();
  }

  hide() {
    for (const [id, { element, isOpen }] of this.#rows) {
      if (!isOpen) {
        element.remove();
        this.#rows.delete(id);
      }
    }
  }

  async #look() {
    if (!this.isAvailable()) return;
    try {
      const waiting = await this.#link.request('exec.approval.list');
      const ids = new Set(waiting.map(({ id }) => id));
      for (const id of this.#rows.keys()) if (!ids.has(id)) this.#close(id);
      for (const one of waiting) if (!this.#rows.has(one.id)) this.#add(one);
    } catch ({ message, isLost }) {
      if (!isLost) this.#said.textContent = message;
    }
    this.#tell();
  }

  #tell() {
    this.count = [...this.#rows.values()].filter(({ isOpen }) => isOpen).length;
    this.#none.hidden = this.#rows.size > 0;
    this.#told();
  }

  #add({ id, request, createdAtMs, expiresAtMs }) {
    const { command, cwd, agentId, sessionKey, host, resolvedPath, envKeys, reason, warningText } = request;
    const answers = (request.allowedDecisions ?? Object.keys(ANSWERS)).filter((answer) => ANSWERS[answer]);
    const bar = el('div', { class: 'bar' }, answers.map((answer) => button(ANSWERS[answer], () => this.#answer(id, answer))));
    const warning = warningText && el('b', { class: 'caution' }, spell(warningText));
    const element = el('li', {}, el('pre', {}, exact(command)), warning, facts([
      ['Folder', exact(cwd)],
      ['Program', exact(resolvedPath)],
      ['Variables set', exact(envKeys?.join(', '))],
      ['Agent', exact(agentId)],
      ['Session', exact(sessionKey)],
      ['Machine', exact(host)],
      ['Why', spell(reason)],
      ['Asked', moment(createdAtMs)],
      ['Until', moment(expiresAtMs)],
    ]), bar);
    this.#rows.set(id, { element, bar, isOpen: true });
    this.#list.append(element);
  }

  async #answer(id, decision) {
    try {
      this.#said.textContent = '';
      await this.#link.request('exec.approval.resolve', { id, decision });
    } catch ({ message }) {
      this.#said.textContent = message;
    }
    await this.#look();
  }

  #close(id, answer = 'It waits no longer', by) {
    const row = this.#rows.get(id);
    if (!row?.isOpen) return;
    row.isOpen = false;
    // Where nobody looks, what is over need not be shown.
    if (!this.element.isConnected) {
      row.element.remove();
      this.#rows.delete(id);
      this.#tell();
      return;
    }
    fill(row.bar, el('p', { class: 'note' }, answer, by && ` (${spell(by)})`));
    this.#tell();
  }
}
