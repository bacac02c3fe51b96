// Making elements.
//
// Promise: text from anywhere becomes text nodes and nothing else. No module makes markup from text, and the page's
// policy (`trusted-types`) lets none.

const real = (children) => children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);

/** An element with attributes and children; what is null, undefined or false is left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  // One by one, because a call takes only so many arguments.
  for (const child of real(children)) element.append(child);
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren();
  for (const child of real(children)) element.append(child);
}

/** A button that is disabled while what it started is under way. */
export function button(label, act, attributes = {}) {
  const made = el('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', async () => {
    made.disabled = true;
    await act();
    made.disabled = false;
  });
  return made;
}

/** A moment for people, short if it is today. */
export function moment(ms) {
  if (!ms) return '';
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString([], isToday ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });
}

/** Names and what they are; what nobody knows is left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return el('dl', {}, known.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
}
