// What is known of one session: its transcript, the runs under way and what was said of them.
//
// Promise: the transcript is the gateway's; nothing that a run told while it lasted is kept once the transcript has
// been fetched after its end, except an error, which no transcript has. Whatever was missed (a lost connection, a
// gap in the events) is made up for by fetching again. Bound: the last 200 messages, or 1,000 when asked for more.
// Tells `change`.

const USUAL = 200;
const MOST = 1000;
const SOON_MS = 120;

/** The text of a message, without what a model thought or called. */
export function textOf(message) {
  const { content } = message ?? {};
  if (typeof content === 'string') return content;
  const parts = Array.isArray(content) ? content.filter((part) => part.type === 'text') : [];
  return parts.map((part) => part.text).join('\n\n');
}

/** What tells a message from all others of its session. */
export const idOf = (message) =>
  message.__openclaw?.id ?? `${message.role}:${message.timestamp}:${message.toolCallId ?? textOf(message).slice(0, 40)}`;

const keyOf = (message) => message.__openclaw?.idempotencyKey ?? message.idempotencyKey ?? '';

/** The session that is shown. A run is `{ id, state, echo, text, tools, phase, note, after }`. */
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
    link.addEventListener('event:chat', ({ detail }) => this.#hearChat(detail));
    link.addEventListener('event:agent', ({ detail }) => this.#hearTool(detail));
    link.addEventListener('event:session.tool', ({ detail }) => this.#hearTool(detail));
    link.addEventListener('event:session.message', ({ detail }) => this.#hearMessage(detail));
    link.addEventListener('gap', () => this.#resume());
    outbox.addEventListener('accepted', ({ detail }) => this.#follow(detail));
  }

  /** Whether a run of this session is under way. */
  get isBusy() {
    return [...this.runs.values()].some((run) => run.state === 'running');
  }

  /** Shows a session; the same one again is only brought up to date. */
  open(key) {
    if (key !== this.key) {
      Object.assign(this, { key, messages: [], runs: new Map(), hasMore: false, isLoaded: false, error: '' });
      this.#limit = USUAL;
      this.#changed();
    }
    return this.#resume();
  }

  /** Fetches more of the past. */
  showEarlier() {
    this.#limit = MOST;
    return this.load();
  }

  /** Stops what runs. */
  async abort() {
    await this.#link.request('chat.abort', { sessionKey: this.key });
  }

  /** Fetches the transcript. */
  async load() {
    this.#loads += 1;
    const load = this.#loads;
    const ended = [...this.runs.values()].filter((run) => run.state !== 'running');
    try {
      const history = await this.#link.request('chat.history', { sessionKey: this.key, limit: this.#limit });
      if (load !== this.#loads) return;
      this.messages = history.messages ?? [];
      this.hasMore = history.hasMore === true && this.#limit < MOST;
      this.isLoaded = true;
      this.error = '';
      this.#settle(ended);
      if (history.inFlightRun?.runId) this.#run(history.inFlightRun.runId).text ||= history.inFlightRun.text ?? '';
    } catch (error) {
      if (load !== this.#loads || error.isLost) return;
      this.error = error.message;
    }
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  #loadSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.load(), SOON_MS);
  }

  /** Takes what ended before the transcript was fetched out of the runs; what failed stays where it happened. */
  #settle(ended) {
    for (const run of ended) {
      const own = this.messages.filter((message) => message.__openclaw?.runId === run.id);
      const isTold = (text) => own.some((message) => textOf(message).includes(text));
      if (!run.note || isTold(run.note)) this.runs.delete(run.id);
      else run.after ??= this.messages.length ? idOf(this.messages.at(-1)) : '';
      if (isTold(run.text)) run.text = '';
      if (own.length) run.tools.clear();
    }
    for (const run of this.runs.values()) {
      if (run.echo && this.messages.some((message) => keyOf(message).startsWith(run.id))) run.echo = null;
      const isGone = run.after && !this.messages.some((message) => idOf(message) === run.after);
      if (isGone) this.runs.delete(run.id);
    }
  }

  #run(id) {
    const fresh = { id, state: 'running', echo: null, text: '', tools: new Map(), phase: '', note: '' };
    if (!this.runs.has(id)) this.runs.set(id, fresh);
    return this.runs.get(id);
  }

  #end(run, state, note) {
    if (run.state !== 'running') return;
    Object.assign(run, { state, note, phase: '' });
    this.#changed();
    this.#loadSoon();
  }

  #hearChat({ runId, sessionKey, state, message, phase, errorMessage }) {
    if (sessionKey !== this.key) return;
    const known = this.runs.get(runId);
    if (known && known.state !== 'running') return;
    const run = this.#run(runId);
    const text = textOf(message);
    if (text) run.text = text;
    if (state === 'status') run.phase = phase ?? '';
    if (state === 'delta') run.phase = '';
    if (state === 'final') this.#end(run, 'done', '');
    else if (state === 'aborted') this.#end(run, 'aborted', errorMessage || 'Stopped.');
    else if (state === 'error') this.#end(run, 'failed', errorMessage || 'The run failed and no reason was given.');
    else this.#changed();
  }

  #hearTool({ runId, sessionKey, stream, data }) {
    if (sessionKey !== this.key || stream !== 'tool' || !data?.toolCallId) return;
    const run = this.#run(runId);
    if (run.state !== 'running') return;
    const tool = run.tools.get(data.toolCallId) ?? { id: data.toolCallId, name: data.name, isRunning: true };
    if (data.phase === 'start') tool.args = data.args;
    if (data.phase === 'update') tool.result = data.partialResult;
    if (data.phase === 'result') Object.assign(tool, { isRunning: false, isError: data.isError, result: data.result });
    run.tools.set(tool.id, tool);
    this.#changed();
  }

  #hearMessage({ sessionKey, message, runId }) {
    if (sessionKey !== this.key || !message) return;
    const isNew = !this.messages.some((other) => idOf(other) === idOf(message));
    if (message.role === 'user' && isNew && this.isLoaded) {
      this.messages.push(message);
      const echoed = [...this.runs.values()].find((run) => run.echo && keyOf(message).startsWith(run.id));
      if (echoed) echoed.echo = null;
      this.#changed();
    } else if (!this.isBusy && !this.runs.has(runId)) {
      this.#loadSoon();
    }
  }

  /** Takes over a message that was accepted. */
  #follow({ entry, answer }) {
    if (entry.sessionKey !== this.key) return;
    const isUnderWay = answer.status === 'started' || answer.status === 'in_flight';
    if (!isUnderWay || !answer.runId) {
      this.#loadSoon();
      return;
    }
    const isListed = this.messages.some((message) => keyOf(message).startsWith(entry.key));
    if (!isListed) this.#run(answer.runId).echo = entry;
    this.#changed();
  }

  /** Fetches again, and asks what became of the runs whose end may have been missed. */
  async #resume() {
    const running = [...this.runs.values()].filter((run) => run.state === 'running');
    await this.load();
    if (!this.#link.has('agent.wait')) return;
    for (const run of running) {
      const answer = await this.#link.request('agent.wait', { runId: run.id, timeoutMs: 0 }).catch(() => ({}));
      if (answer.status === 'ok') this.#end(run, 'done', '');
      if (answer.status === 'error') this.#end(run, 'failed', answer.error || 'The run failed.');
    }
  }
}
