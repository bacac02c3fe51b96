// The first screen, when the gateway does not let this browser in yet.
//
// Promise: says what is missing, where to find it and what to type, in words for somebody who has just installed the
// gateway; a secret that is typed goes to the gateway and nowhere else.

import { useSecret } from './credentials.js';
import { el, fill } from './dom.js';

const code = (text) => el('code', {}, text);

/** What to tell for a refusal: a title, and lines of help. */
function explain({ message, details }) {
  switch (details.code) {
    case 'AUTH_TOKEN_MISSING':
    case 'AUTH_PASSWORD_MISSING':
    case 'AUTH_REQUIRED':
      return ['Sign in', []];
    case 'AUTH_TOKEN_MISMATCH':
    case 'AUTH_PASSWORD_MISMATCH':
    case 'AUTH_UNAUTHORIZED':
      return ['That is not the token of this gateway', []];
    case 'AUTH_TOKEN_NOT_CONFIGURED':
    case 'AUTH_PASSWORD_NOT_CONFIGURED':
      return ['The gateway has no token yet', [['Run ', code('openclaw onboard'), ' on its machine, then try again.']]];
    case 'PAIRING_REQUIRED':
      return ['This browser waits for approval', [
        ['On the gateway’s machine, run ', code(`openclaw devices approve ${details.requestId ?? ''}`.trim()), '.'],
        ['A browser that is connected already can approve it too, under Pairing. Then sign in again.'],
      ]];
    case 'CONTROL_UI_ORIGIN_NOT_ALLOWED':
      return ['The gateway does not accept this address', [
        ['Open the page on the gateway’s own machine, or add ', code(location.origin), ' to ',
          code('gateway.controlUi.allowedOrigins'), ' in its config.'],
      ]];
    case 'PROTOCOL_MISMATCH':
      return ['This page does not fit the gateway', [['Reload the page.']]];
    default:
      return ['The gateway did not let this browser in', [[message]]];
  }
}

/** The form. */
export class SignIn {
  #link;
  #title = el('h2', {});
  #help = el('div', { role: 'alert' });
  #field = el('input', { type: 'password', id: 'token', autocomplete: 'current-password', required: true });
  #form = el('form', {},
    el('label', { for: 'token' }, 'Gateway token or password'), this.#field, el('button', { class: 'send' }, 'Sign in'));
  element = el('section', { class: 'signin', 'aria-label': 'Sign in' }, this.#title, this.#help, this.#form,
    el('div', { class: 'help' },
      el('p', {}, 'On the machine where the gateway runs, ', code('openclaw dashboard'),
        ' opens this page signed in, and this prints the token:'),
      el('pre', {}, 'openclaw config get gateway.auth.token'),
      el('p', {}, 'No gateway yet? ', code('openclaw onboard'), ' sets one up and makes a token. This browser keeps no',
        ' token; it gets a key of its own, which ', code('openclaw devices'), ' lists and can take away.')));

  constructor(link) {
    this.#link = link;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      useSecret(this.#field.value);
      this.#field.value = '';
      this.#link.open();
    });
  }

  /** Shows why this browser is not in. */
  show(refusal) {
    const [title, lines] = refusal ? explain(refusal) : ['Sign in', []];
    this.#title.textContent = title;
    fill(this.#help, lines.map((line) => el('p', {}, ...line)));
    this.#field.focus();
  }
}
