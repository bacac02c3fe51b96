// The page: one connection, its views, and which of them is in front.
//
// Promise: a view whose methods the gateway lacks, or that this connection may not use, is not offered. The address
// says which view is in front (`#pairing`), so that it survives a reload.

import { Chat } from './chat.js';
import { forgetAll, takeFromAddress } from './credentials.js';
import { button, el, fill } from './dom.js';
import { Extensions } from './extensions.js';
import { Link } from './link.js';
import { Pairing } from './pairing.js';
import { SignIn } from './signin.js';
import { Status } from './status.js';

takeFromAddress();

const folder = new URL('.', location.href);
folder.protocol = folder.protocol === 'https:' ? 'wss:' : 'ws:';
const link = new Link(folder.href);

const views = {
  chat: new Chat(link),
  pairing: new Pairing(link, () => showTabs()),
  extensions: new Extensions(link),
  status: new Status(link),
};
const signIn = new SignIn(link);
const tabs = document.querySelector('nav');
const main = document.querySelector('main');
const state = document.querySelector('#state');
let front = null;

const STATES = {
  connecting: () => 'Connecting…',
  open: () => 'Connected',
  waiting: () => link.refusal?.message ?? 'No connection; trying again…',
  refused: () => 'Signed out',
};

function leave() {
  forgetAll();
  link.leave();
}

function pick() {
  if (link.state === 'refused' || !link.hello) return signIn;
  const wanted = views[location.hash.slice(1)];
  return wanted?.isAvailable() ? wanted : views.chat;
}

function showTabs() {
  const offered = link.hello && link.state !== 'refused' ? Object.entries(views) : [];
  const available = offered.filter(([, view]) => view.isAvailable());
  const focused = tabs.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  fill(
    tabs,
    available.map(([name, view]) => {
      const count = view.count ? el('span', { class: 'count' }, String(view.count)) : null;
      return el('a', { href: `#${name}`, 'aria-current': view === front ? 'page' : null }, view.title, count);
    }),
    offered.length ? button('Sign out', leave, { class: 'plain' }) : null,
  );
  if (focused) tabs.querySelector(`a[href="${focused}"]`)?.focus();
}

function showView() {
  state.textContent = STATES[link.state]();
  state.dataset.state = link.state;
  // Before the first answer there is nothing to show, and asking for a token would be rash.
  if (!link.hello && link.state !== 'refused') {
    fill(main, el('p', { class: 'empty' }, STATES[link.state]()));
    front = null;
  } else {
    const next = pick();
    if (next !== front) {
      front?.hide?.();
      front = next;
      fill(main, front.element);
      if (front !== signIn) front.show();
    }
    if (front === signIn) signIn.show(link.refusal);
  }
  showTabs();
}

link.addEventListener('state', showView);
addEventListener('hashchange', () => {
  takeFromAddress();
  showView();
});
link.open();
