// What is known of one session: its transcript, and the runs under way.
//
// Promise: the transcript is the gateway's. What a run told while it lasted is dropped once the transcript was
// fetched after its end; only a reason for failing stays. Whatever was missed is made up for by fetching again.
// Bound: the last 200 messages, or 1,000 when asked for more. Tells `change`.

const USUAL = 200;
const MOST = 1000;
const SOON_MS = 120;

/** The text of a message, without what a model thought or called. */
export function textOf(message) {
  const content = message?.content ?? [];
  if (typeof content === 'string') return content;
  return content.filter(({ type }) => type === 'text').map(({ text }) => text).join('\n\n');
}

/** What tells a message from all others of its session. */
export const idOf = (message) =>
  message.__openclaw?.id ?? `${message.role}:${message.timestamp}:${message.toolCallId ?? textOf(message).slice(0, 40)}`;

/** Whether a message is the one that was sent with a key. */
const isSentWith = (message, key) =>
  (message.__openclaw?.idempotencyKey ?? message.idempotencyKey ?? '').startsWith(key);

/** A run is `{ id, state, echo, text, tools, phase, note, after }`. */
export class Conversation extends EventTarget {
  key = '';
  messages = [];
  runs = new Map();
  hasMore = false;
  isLoaded = false;
  error = '';
  #link;
  #limit = USUAL;
  #loads = 0;
  #timer = 0;

  constructor(link, outbox) {
    super();
    this.#link = link;
    const hear = (event, act) =>
      link.addEventListener(`event:${event}`, ({ detail }) => detail.sessionKey === this.key && act(detail));
    hear('chat', (told) => this.#hearChat(told));
    hear('agent', (told) => this.#hearTool(told));
    hear('session.tool', (told) => this.#hearTool(told));
    hear('session.message', (told) => this.#hearMessage(told));
    link.addEventListener('gap', () => this.#resume());
    outbox.addEventListener('accepted', ({ detail }) => detail.entry.sessionKey === this.key && this.#follow(detail));
  }

  get isBusy() {
    return this.#running.length > 0;
  }

  get #running() {
    return [...this.runs.values()].filter(({ state }) => state === 'running');
  }

  /** Shows a session; the same one again is only brought up to date. */
  open(key) {
    if (key !== this.key) {
      Object.assign(this, { key, messages: [], runs: new Map(), hasMore: false, isLoaded: false, error: '' });
      this.#limit = USUAL;
      this.#changed();
    }
    this.#resume();
  }

  showEarlier() {
    this.#limit = MOST;
    return this.#load();
  }

  abort() {
    return this.#link.request('chat.abort', { sessionKey: this.key });
  }

  async #load() {
    this.#loads += 1;
    const load = this.#loads;
    const ended = [...this.runs.values()].filter(({ state }) => state !== 'running');
    try {
      const history = await this.#link.request('chat.history', { sessionKey: this.key, limit: this.#limit });
      if (load !== this.#loads) return;
      const hasMore = history.hasMore === true && this.#limit < MOST;
      Object.assign(this, { messages: history.messages ?? [], hasMore, isLoaded: true, error: '' });
      this.#settle(ended);
      const { runId, text } = history.inFlightRun ?? {};
      if (runId) this.#run(runId).text ||= text ?? '';
    } catch (error) {
      if (load !== this.#loads || error.isLost) return;
      this.error = error.message;
    }
    this.#changed();
  }

  #loadSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), SOON_MS);
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** Drops the runs that the transcript now tells of; the reason of one that failed stays where it happened. */
  #settle(ended) {
    for (const run of ended) {
      const own = this.messages.filter((one) => one.__openclaw?.runId === run.id || isSentWith(one, run.id));
      const answers = own.filter(({ role }) => role !== 'user');
      const isTold = (text) => answers.some((message) => textOf(message).includes(text));
      if (!run.note || isTold(run.note)) this.runs.delete(run.id);
      if (isTold(run.text)) run.text = '';
      if (answers.length) run.tools.clear();
      const last = own.at(-1) ?? this.messages.at(-1);
      run.after ??= last && idOf(last);
    }
    for (const run of this.runs.values()) {
      if (this.messages.some((message) => isSentWith(message, run.id))) run.echo = null;
      if (run.after && !this.messages.some((message) => idOf(message) === run.after)) this.runs.delete(run.id);
    }
  }

  #run(id) {
    const fresh = { id, state: 'running', echo: null, text: '', tools: new Map(), phase: '', note: '' };
    if (!this.runs.has(id)) this.runs.set(id, fresh);
    return this.runs.get(id);
  }

  #end(run, state, note) {
    Object.assign(run, { state, note, phase: '' });
    this.#changed();
    this.#loadSoon();
  }

  #hearChat({ runId, state, message, phase, errorMessage }) {
    const run = this.#run(runId);
    if (run.state !== 'running') return;
    run.text = textOf(message) || run.text;
    run.phase = phase ?? '';
    if (state === 'final') this.#end(run, 'done', '');
    else if (state === 'aborted') this.#end(run, 'aborted', errorMessage || 'Stopped.');
    else if (state === 'error') this.#end(run, 'failed', errorMessage || 'The run failed and no reason was given.');
    else this.#changed();
  }

  #hearTool({ runId, stream, data }) {
    if (stream !== 'tool' || !data?.toolCallId) return;
    const run = this.#run(runId);
    const tool = run.tools.get(data.toolCallId) ?? { id: data.toolCallId, name: data.name, isRunning: true };
    if (data.phase === 'start') tool.args = data.args;
    if (data.phase === 'update') tool.result = data.partialResult;
    if (data.phase === 'result') Object.assign(tool, { isRunning: false, isError: data.isError, result: data.result });
    run.tools.set(tool.id, tool);
    this.#changed();
  }

  /** While a run lasts its events tell more than the messages that it leaves; what a person wrote is shown at once. */
  #hearMessage({ message }) {
    const isPersons = message?.role === 'user';
    const isEcho = isPersons && [...this.runs.keys()].some((id) => isSentWith(message, id));
    if (isPersons && this.isLoaded && !this.runs.size && !this.messages.some((other) => idOf(other) === idOf(message))) {
      this.messages.push(message);
      this.#changed();
    } else if (!isEcho && (isPersons || !this.isBusy)) {
      this.#loadSoon();
    }
  }

  /** Takes over a message that was accepted. */
  #follow({ entry, answer }) {
    if (answer.runId && /^(started|in_flight)$/.test(answer.status)) {
      const isListed = this.messages.some((message) => isSentWith(message, entry.key));
      this.#run(answer.runId).echo = isListed ? null : entry;
      this.#changed();
    } else {
      this.#loadSoon();
    }
  }

  /** Fetches again, and asks what became of runs whose end may have been missed. */
  async #resume() {
    const running = this.#running;
    await this.#load();
    if (!this.#link.has('agent.wait')) return;
    for (const run of running) {
      const answer = await this.#link.request('agent.wait', { runId: run.id, timeoutMs: 0 }).catch(() => ({}));
      if (run.state !== 'running') continue;
      if (answer.status === 'ok') this.#end(run, 'done', '');
      if (answer.status === 'error') this.#end(run, 'failed', answer.error || 'The run failed.');
    }
  }
}
