// Messages that this page has not been told were accepted.
//
// Promise: a message gets its idempotency key when Send is pressed and keeps it through lost connections and reloads,
// so a second sending is the same message to the gateway and neither runs nor answers twice. Messages leave one by
// one in the order of typing. One that is refused stays, with the reason, until a person decides. Bound: kept in
// sessionStorage, so for this tab. Tells `change`, and `accepted` with what the gateway said.

const NAME = 'openclaw-webchat-outbox-v1';

function makeKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME)) ?? [];
  } catch {
    return [];
  }
}

/** An entry is `{ key, sessionKey, text, at, error }`. */
export class Outbox extends EventTarget {
  entries = load();
  #link;
  #isSending = false;

  constructor(link) {
    super();
    this.#link = link;
    link.addEventListener('hello', () => this.#send());
  }

  add(sessionKey, text) {
    this.entries.push({ key: makeKey(), sessionKey, text, at: Date.now() });
    this.#changed();
    this.#send();
  }

  retry(entry) {
    delete entry.error;
    this.#changed();
    this.#send();
  }

  discard(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.#changed();
  }

  #changed() {
    try {
      sessionStorage.setItem(NAME, JSON.stringify(this.entries));
    } catch {
      // Then a reload loses what was not accepted yet.
    }
    this.dispatchEvent(new Event('change'));
  }

  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    let entry;
    do entry = this.entries.find(({ error }) => !error);
    while (entry && (await this.#sendOne(entry)));
    this.#isSending = false;
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
      // A lost connection says nothing about the message: it is sent again over the next one.
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
