// Messages that this page has not been told were accepted.
//
// Promise: a message gets its idempotency key when Send is pressed and keeps it through lost connections and a
// reload of the page, so the gateway sees a second sending as the same message: it neither runs nor answers twice.
// Messages leave one after the other, in the order in which they were typed. One that the gateway refuses stays,
// with the reason, until a person tries again or discards it. Bound: kept in sessionStorage, so for this tab.
// Tells `change`, and `accepted` with what the gateway said.

const NAME = 'openclaw-webchat-outbox-v1';

function makeKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME)) ?? [];
  } catch {
    return [];
  }
}

/** The messages on their way. An entry is `{ key, sessionKey, text, at, error }`. */
export class Outbox extends EventTarget {
  entries = load();
  #link;
  #isSending = false;

  constructor(link) {
    super();
    this.#link = link;
    link.addEventListener('hello', () => this.#send());
  }

  /** Takes a message. */
  add(sessionKey, text) {
    this.entries.push({ key: makeKey(), sessionKey, text, at: Date.now() });
    this.#changed();
    this.#send();
  }

  /** Sends a refused message again. */
  retry(entry) {
    delete entry.error;
    this.#changed();
    this.#send();
  }

  /** Gives a message up. */
  discard(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.#changed();
  }

  #changed() {
    try {
      sessionStorage.setItem(NAME, JSON.stringify(this.entries));
    } catch {
      // Then a reload of the page loses what was not accepted yet.
    }
    this.dispatchEvent(new Event('change'));
  }

  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let entry = this.#next(); entry && this.#link.state === 'open'; entry = this.#next()) {
        if (!(await this.#sendOne(entry))) break;
      }
    } finally {
      this.#isSending = false;
    }
  }

  #next() {
    return this.entries.find((entry) => !entry.error);
  }

  /** Whether the next one may follow. */
  async #sendOne(entry) {
    const { sessionKey, text, key } = entry;
    try {
      const answer = await this.#link.request('chat.send', { sessionKey, message: text, idempotencyKey: key });
      this.discard(entry);
      this.dispatchEvent(new CustomEvent('accepted', { detail: { entry, answer } }));
      return true;
    } catch (error) {
      // A lost connection says nothing about the message: it is sent again with the next one.
      if (error.isLost) return false;
      if (error.retryable) {
        setTimeout(() => this.#send(), error.retryAfterMs ?? 1000);
        return false;
      }
      entry.error = error.message;
      this.#changed();
      return true;
    }
  }
}
