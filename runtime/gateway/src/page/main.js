// The page: one connection, its views, and which of them is in front.
//
// Promise: a view that the gateway, or what this browser may do, has no use for is not offered. The address says
// which view is in front (`#pairing`), so that a reload keeps it.

import { Chat } from './chat.js';
import { forgetAll, takeFromAddress } from './credentials.js';
import { button, el, fill } from './dom.js';
import { Extensions } from './extensions.js';
import { Link } from './link.js';
import { Nods } from './nods.js';
import { Pairing } from './pairing.js';
import { SignIn } from './signin.js';
import { Status } from './status.js';

takeFromAddress();

const folder = new URL('.', location.href);
const link = new Link(folder.href.replace(/^http/, 'ws'));
const views = {
  chat: new Chat(link),
  commands: new Nods(link, showTabs),
  pairing: new Pairing(link, showTabs),
  extensions: new Extensions(link),
  status: new Status(link),
};
const signIn = new SignIn(link);
const tabs = document.querySelector('nav');
const main = document.querySelector('main');
const state = document.querySelector('#state');
let front = null;

function say() {
  if (link.state === 'waiting') return link.refusal?.message ?? 'No connection; trying again…';
  return { connecting: 'Connecting…', open: 'Connected', refused: 'Signed out' }[link.state];
}

function leave() {
  forgetAll();
  link.leave();
}

function showTabs() {
  const isIn = link.hello && link.state !== 'refused';
  const offered = Object.entries(views).filter(([, view]) => isIn && view.isAvailable());
  const focused = tabs.contains(document.activeElement) && document.activeElement.id;
  fill(
    tabs,
    offered.map(([name, view]) => el('a', { href: `#${name}`, id: `to-${name}`, 'aria-current': view === front && 'page' },
      view.title, view.count > 0 && el('span', { class: 'count' }, view.count))),
    isIn && button('Sign out', leave, { class: 'plain' }),
  );
  if (focused) document.getElementById(focused)?.focus();
}

function pick() {
  if (link.state === 'refused') return signIn;
  const wanted = views[location.hash.slice(1)];
  return wanted?.isAvailable() ? wanted : views.chat;
}

function showView() {
  state.textContent = say();
  state.dataset.state = link.state;
  // Before the first answer there is nothing to show, and asking for a token would be rash.
  if (link.hello || link.state === 'refused') {
    const next = pick();
    if (next !== front) {
      front?.hide?.();
      fill(main, next.element);
      front = next;
      front.show(link.refusal);
    } else if (front === signIn) {
      signIn.show(link.refusal);
    }
  }
  showTabs();
}

link.addEventListener('state', showView);
addEventListener('hashchange', () => {
  takeFromAddress();
  showView();
});
link.open();
