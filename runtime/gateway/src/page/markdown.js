// Markdown as DOM nodes.
//
// Promise: whatever a model or a stranger wrote becomes text inside a fixed set of elements; no markup of theirs is
// ever parsed, links lead only to http, https and mailto and tell the other side nothing, and no image is fetched.
// It knows paragraphs, headings, lists, quotes, rules, fenced code, tables, emphasis, code and links; everything
// else stays as it was typed. Bound: texts above 100,000 characters are shown as they are, quotes and lists nest
// eight deep, inline marks six deep. Cost: each line is looked at once per depth.

import { el } from './dom.js';

const LONGEST = 100_000;
const DEEPEST_BLOCK = 8;
const DEEPEST_INLINE = 6;

// No pattern here has two neighbours that could share what they match, so none takes more than one look at a line.
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;
const ITEM = /^( {0,8})([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_RULE = /^\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?$/;

// One alternative for each kind of mark; what stands between marks is text. What a mark may hold is bounded, and so
// is the work for one that never ends.
const INLINE = new RegExp(
  [
    '\\\\([!-/:-@[-`{-~])',
    '(`{1,3})((?:(?!\\2)[^\\n]){1,1000})\\2(?!`)',
    '!?\\[([^\\[\\]\\n]{1,500})\\]\\(<?([^\\s()<>]{1,2000})>?(?:\\s+"[^"\\n]{0,300}")?\\)',
    '<?(https?://[^\\s<>"\'`\\])]{1,2000})>?',
    '(\\*\\*|__|~~)(?=\\S)([^\\n]{1,1000}?\\S|\\S)\\7',
    '(?<![\\w*])\\*(?=[^\\s*])([^*\\n]{1,1000})(?<=\\S)\\*(?![\\w*])',
    '(?<!\\w)_(?=[^\\s_])([^_\\n]{1,1000})(?<=\\S)_(?!\\w)',
  ].join('|'),
  'g',
);

const WRAPPERS = { '**': 'strong', '__': 'strong', '~~': 'del' };

/** The address of a link, or null if a page may not lead there. */
function safeAddress(text) {
  try {
    const url = new URL(text);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function link(address, ...children) {
  return el('a', { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' }, ...children);
}

function inline(text, depth = 0) {
  if (depth > DEEPEST_INLINE) return [text];
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, escaped, , code, label, target, bare, mark, marked, starred, underlined] = match;
    let node;
    if (escaped) node = escaped;
    else if (code !== undefined) node = el('code', {}, code.trim() || code);
    else if (label !== undefined) {
      const address = safeAddress(target);
      node = address ? link(address, ...inline(label, depth + 1)) : whole;
    } else if (bare) {
      const trimmed = bare.replace(/[.,;:!?]+$/, '');
      const address = safeAddress(trimmed);
      const rest = whole.startsWith('<') ? '' : bare.slice(trimmed.length);
      node = address ? [link(address, trimmed), rest] : whole;
    } else if (mark) node = el(WRAPPERS[mark], {}, ...inline(marked, depth + 1));
    else node = el('em', {}, ...inline(starred ?? underlined, depth + 1));
    nodes.push(text.slice(from, match.index), ...[node].flat());
    from = match.index + whole.length;
  }
  nodes.push(text.slice(from));
  return nodes.filter((node) => node !== '');
}

function lines(text) {
  return text.flatMap((line, i) => (i ? [el('br'), ...inline(line.trim())] : inline(line.trim())));
}

function cells(line) {
  const inner = line.trim().replace(/^\|/, '').replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function table(head, rows) {
  const row = (name, line) => el('tr', {}, cells(line).map((cell) => el(name, {}, ...inline(cell))));
  const body = el('tbody', {}, rows.map((line) => row('td', line)));
  return el('div', { class: 'wide', tabindex: 0 }, el('table', {}, el('thead', {}, row('th', head)), body));
}

function startsBlock(line) {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
}

/** Takes the lines of one list from `at` on; gives the list and where it ends. */
function list(all, at, depth) {
  const [, , first] = all[at].match(ITEM);
  const isOrdered = /\d/.test(first);
  const items = [];
  let i = at;
  for (let indent = 0; i < all.length; i += 1) {
    const item = all[i].match(ITEM);
    const isOwn = item && (items.length === 0 || item[1].length < indent);
    if (isOwn && items.length > 0 && /\d/.test(item[2]) !== isOrdered) break;
    if (isOwn) {
      indent = all[i].length - item[3].length;
      items.push([item[3]]);
    } else if (all[i].trim() === '') {
      const next = all[i + 1] ?? '';
      if (!/^\s/.test(next) && !ITEM.test(next)) break;
      items.at(-1).push('');
    } else if (/^\s/.test(all[i]) || !startsBlock(all[i])) {
      if (all[i - 1].trim() === '' && !/^\s/.test(all[i])) break;
      items.at(-1).push(all[i].slice(Math.min(indent, all[i].search(/\S/))));
    } else break;
  }
  const start = isOrdered ? Number.parseInt(first, 10) : undefined;
  const entries = items.map((item) => {
    const [head, ...rest] = item;
    const isPlain = rest.every((line) => line !== '' && !startsBlock(line));
    return el('li', {}, isPlain ? lines([head, ...rest]) : blocks(item, depth + 1));
  });
  return [el(isOrdered ? 'ol' : 'ul', { start: start === 1 ? undefined : start }, entries), i];
}

function blocks(all, depth) {
  if (depth > DEEPEST_BLOCK) return [el('p', {}, ...lines(all))];
  const nodes = [];
  for (let i = 0; i < all.length; ) {
    const line = all[i];
    const fence = line.match(FENCE);
    const heading = line.match(HEADING);
    if (line.trim() === '') {
      i += 1;
    } else if (fence) {
      const isEnd = (text) => text.trim().startsWith(fence[1]) && text.trim().replaceAll(fence[1][0], '') === '';
      let end = i + 1;
      while (end < all.length && !isEnd(all[end])) end += 1;
      const code = el('code', { dataset: { language: fence[2].trim().split(/\s/)[0] } }, all.slice(i + 1, end).join('\n'));
      nodes.push(el('pre', { tabindex: 0 }, code));
      i = end + 1;
    } else if (heading) {
      // The page has its own first and second level.
      nodes.push(el(`h${Math.min(6, heading[1].length + 2)}`, {}, ...inline(heading[2].trim().replace(/\s#+$/, ''))));
      i += 1;
    } else if (RULE.test(line)) {
      nodes.push(el('hr'));
      i += 1;
    } else if (QUOTE.test(line)) {
      const quoted = [];
      for (; i < all.length && QUOTE.test(all[i]); i += 1) quoted.push(all[i].match(QUOTE)[1]);
      nodes.push(el('blockquote', {}, blocks(quoted, depth + 1)));
    } else if (ITEM.test(line)) {
      const [node, end] = list(all, i, depth);
      nodes.push(node);
      i = end;
    } else if (line.includes('|') && TABLE_RULE.test((all[i + 1] ?? '').trim())) {
      let end = i + 2;
      while (end < all.length && all[end].includes('|')) end += 1;
      nodes.push(table(line, all.slice(i + 2, end)));
      i = end;
    } else {
      let end = i + 1;
      while (end < all.length && all[end].trim() !== '' && !startsBlock(all[end])) end += 1;
      nodes.push(el('p', {}, ...lines(all.slice(i, end))));
      i = end;
    }
  }
  return nodes;
}

/** The nodes that a text in Markdown stands for. */
export function render(text) {
  if (text.length > LONGEST) return [el('pre', { tabindex: 0 }, text)];
  return blocks(text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').split('\n'), 0);
}
