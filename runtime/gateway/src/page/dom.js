// Making elements.
//
// Promise: text that came from anywhere becomes text nodes and nothing else. No module of this page writes markup
// from strings, and the page's security policy (`trusted-types`) refuses it to all of them.

/** An element with properties (`class`, `dataset`, `on…` and attributes by name) and children. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** Puts children in the place of what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
}

/** A button that is disabled while what it started is under way. */
export function button(label, act, properties = {}) {
  const made = el('button', { type: 'button', ...properties }, label);
  made.addEventListener('click', async () => {
    made.disabled = true;
    try {
      await act();
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/** A moment for people, short if it is today. */
export function moment(ms) {
  if (!ms) return '';
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}
