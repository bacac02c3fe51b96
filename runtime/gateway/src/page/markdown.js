// Markdown as DOM nodes.
//
// Promise: what a model or a stranger wrote becomes text inside a fixed set of elements; no markup of theirs is
// parsed, links lead only to http, https and mailto and tell the other side nothing, and no image is fetched. Knows
// paragraphs, headings, lists, quotes, rules, code, tables, emphasis and links; the rest stays as it was typed.
// Bound: texts above 100,000 characters are shown as they are; blocks nest eight deep, marks six. Cost: each line is
// looked at once per depth.

import { el } from './dom.js';

const LONGEST = 100_000;
const DEEPEST_BLOCK = 8;
const DEEPEST_MARK = 6;

// No pattern has two neighbours that could share what they match, so none looks at a line more than once.
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;
const ITEM = /^( {0,8})([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_RULE = /^\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?$/;

// One line for each kind of mark. What a mark holds is bounded, and so is the work for one that never ends.
const MARK = new RegExp(
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

/** A link, or null if a page may not lead there. */
function link(address, children) {
  if (!URL.canParse(address) || !/^(https?|mailto):/i.test(address)) return null;
  return el('a', { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' }, children);
}

function showMark([whole, escaped, , code, label, target, bare, mark, marked, starred, underlined], depth) {
  if (escaped) return escaped;
  if (code) return el('code', {}, code.trim() || code);
  if (label) return link(target, inline(label, depth)) ?? whole;
  if (bare) {
    const address = bare.replace(/[.,;:!?]$/, '');
    return [link(address, address) ?? address, whole.startsWith('<') ? '' : bare.slice(address.length)];
  }
  const name = mark === '~~' ? 'del' : mark ? 'strong' : 'em';
  return el(name, {}, inline(marked ?? starred ?? underlined, depth));
}

function inline(text, depth = 0) {
  if (depth > DEEPEST_MARK) return [text];
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(MARK)) {
    nodes.push(text.slice(from, match.index), showMark(match, depth + 1));
    from = match.index + match[0].length;
  }
  return [...nodes.flat(), text.slice(from)];
}

const lines = (all) => all.flatMap((line, i) => [i ? el('br') : '', ...inline(line.trim())]);

function table(head, rows) {
  const cells = (line) => line.trim().replace(/^\|/, '').replace(/\|$/, '').split(/(?<!\\)\|/);
  const row = (name) => (line) => el('tr', {}, cells(line).map((cell) => el(name, {}, inline(cell.trim()))));
  return el('div', { class: 'wide', tabindex: 0 },
    el('table', {}, el('thead', {}, row('th')(head)), el('tbody', {}, rows.map(row('td')))));
}

const startsBlock = (line) => [FENCE, HEADING, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line));
const isEmpty = (line) => line.trim() === '';

/** The list that starts at a line, and the line after it. */
function list(all, at, depth) {
  const [, , bullet] = all[at].match(ITEM);
  const isOrdered = /\d/.test(bullet);
  const items = [];
  let indent = Infinity;
  let i = at;
  for (; i < all.length; i += 1) {
    const line = all[i];
    const item = line.match(ITEM);
    if (item && item[1].length < indent) {
      if (/\d/.test(item[2]) !== isOrdered) break;
      indent = line.length - item[3].length;
      items.push([item[3]]);
    } else if (isEmpty(line)) {
      items.at(-1).push('');
    } else if (/^\s/.test(line)) {
      items.at(-1).push(line.slice(Math.min(indent, line.search(/\S/))));
    } else if (startsBlock(line) || isEmpty(all[i - 1])) {
      break;
    } else {
      items.at(-1).push(line);
    }
  }
  const entries = items.map((item) => {
    const isPlain = !item.some((line, n) => n && startsBlock(line)) && !item.join('\n').trim().includes('\n\n');
    return el('li', {}, isPlain ? lines(item.filter((line) => !isEmpty(line))) : blocks(item, depth + 1));
  });
  const start = isOrdered ? Number.parseInt(bullet, 10) : null;
  return [el(isOrdered ? 'ol' : 'ul', { start }, entries), i];
}

/** The block that starts at a line, and the line after it. */
function block(all, at, depth) {
  const line = all[at];
  /** The first line from the next on for which something does not hold. */
  const skip = (holds, from = at + 1) => {
    const length = all.slice(from).findIndex((other) => !holds(other));
    return length < 0 ? all.length : from + length;
  };
  const fence = line.match(FENCE);
  if (fence) {
    const isEnd = (text) => text.trim().startsWith(fence[1]) && !text.trim().replaceAll(fence[1][0], '');
    const end = skip((other) => !isEnd(other));
    return [el('pre', { tabindex: 0 }, el('code', {}, all.slice(at + 1, end).join('\n'))), end + 1];
  }
  const heading = line.match(HEADING);
  // The page has its own first and second level.
  if (heading) return [el(`h${Math.min(6, heading[1].length + 2)}`, {}, inline(heading[2].trim().replace(/\s#+$/, ''))), at + 1];
  if (RULE.test(line)) return [el('hr'), at + 1];
  if (ITEM.test(line)) return list(all, at, depth);
  if (QUOTE.test(line)) {
    const end = skip((other) => QUOTE.test(other));
    return [el('blockquote', {}, blocks(all.slice(at, end).map((quoted) => quoted.match(QUOTE)[1]), depth + 1)), end];
  }
  if (line.includes('|') && TABLE_RULE.test((all[at + 1] ?? '').trim())) {
    const end = skip((other) => other.includes('|'), at + 2);
    return [table(line, all.slice(at + 2, end)), end];
  }
  const end = skip((other) => !isEmpty(other) && !startsBlock(other));
  return [el('p', {}, lines(all.slice(at, end))), end];
}

function blocks(all, depth) {
  if (depth > DEEPEST_BLOCK) return [el('p', {}, lines(all))];
  const nodes = [];
  for (let i = 0; i < all.length; ) {
    if (isEmpty(all[i])) {
      i += 1;
    } else {
      const [node, end] = block(all, i, depth);
      nodes.push(node);
      i = end;
    }
  }
  return nodes;
}

/** The nodes that a text in Markdown stands for. */
export function render(text) {
  if (text.length > LONGEST) return [el('pre', { tabindex: 0 }, text)];
  return blocks(text.replaceAll('\r', '').replaceAll('\t', '    ').split('\n'), 0);
}
