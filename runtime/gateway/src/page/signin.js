// The first screen, when the gateway does not let this browser in.
//
// Promise: says what is missing, where it is and what to type, for somebody who has just installed the gateway. A
// secret that is typed goes to the gateway and nowhere else.

import { useSecret } from './credentials.js';
import { el, fill } from './dom.js';

const code = (text) => el('code', {}, text);

/** What to tell for a refusal: a title, and a line of help. */
function explain({ message, details }) {
  const what = details.code ?? '';
  if (/^AUTH_((TOKEN|PASSWORD)_MISSING|REQUIRED)$/.test(what)) return ['Sign in'];
  if (/^AUTH_((TOKEN|PASSWORD)_MISMATCH|UNAUTHORIZED)$/.test(what)) return ['That is not the token of this gateway'];
  if (what === 'PAIRING_REQUIRED') {
    const command = code(`openclaw devices approve ${details.requestId ?? ''}`);
    return ['This browser waits for approval',
      ['On the gateway’s machine, run ', command, ', or approve it in a browser that is signed in. Then reload.']];
  }
  if (what === 'CONTROL_UI_ORIGIN_NOT_ALLOWED') {
    return ['The gateway does not accept this address', ['Open the page on the gateway’s own machine, or add ',
      code(location.origin), ' to ', code('gateway.controlUi.allowedOrigins'), ' in its config.']];
  }
  return ['The gateway did not let this browser in', [message]];
}

export class SignIn {
  #title = el('h2');
  #help = el('p', { role: 'alert' });
  #field = el('input', { type: 'password', id: 'token', autocomplete: 'current-password', required: true });
  #form = el('form', {}, el('label', { for: 'token' }, 'Token or password of the gateway'), this.#field,
    el('button', { class: 'send' }, 'Sign in'));
  element = el('section', { class: 'signin' }, this.#title, this.#help, this.#form,
    el('h2', {}, 'Where is the token?'),
    el('p', {}, 'On the gateway’s machine, in its config under ', code('gateway.auth.token'), '; ',
      code('openclaw config file'), ' tells which file that is. Or in ', code('OPENCLAW_GATEWAY_TOKEN'),
      ', if the gateway was started with that. A link to this page that ends in ', code('#token=…'), ' signs in by itself.'),
    el('p', {}, 'You need it once: this browser then gets a token of its own, which ', code('openclaw devices list'),
      ' shows and ', code('openclaw devices remove'), ' takes away.'));

  constructor(link) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      useSecret(this.#field.value);
      this.#field.value = '';
      link.open();
    });
  }

  show(refusal) {
    const [title, help = []] = refusal ? explain(refusal) : ['Sign in'];
    this.#title.textContent = title;
    fill(this.#help, help);
    this.#field.focus();
  }
}
