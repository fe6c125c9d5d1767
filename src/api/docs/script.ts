/**
 * The script of the documentation page. It filters operations by a search text, opens the operation that a link refers
 * to, and sends requests. All other content is static HTML.
 */
export const SCRIPT = `'use strict';
const calls = [...document.querySelectorAll('details.call')];
const search = document.getElementById('search');
const links = [...document.querySelectorAll('nav section a')];

search.addEventListener('input', () => {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const call of calls) call.hidden = !words.every((word) => call.dataset.search.includes(word));
  for (const link of links) {
    const call = document.getElementById(link.hash.slice(1));
    link.hidden = call !== null && call.matches('.call') && call.hidden;
  }
  for (const group of document.querySelectorAll('nav section, main .group')) {
    const items = [...group.querySelectorAll('a[href^="#"], details.call')].filter((item) => !item.closest('.body'));
    group.hidden = items.length > 0 && items.every((item) => item.hidden);
  }
});

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener('hashchange', openTarget);
openTarget();

const token = document.getElementById('token');
token.value = sessionStorage.getItem('fermata-token') ?? '';
token.addEventListener('input', () => sessionStorage.setItem('fermata-token', token.value));

function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const field of form.querySelectorAll('input')) {
    if (field.dataset.in === 'path') path = path.replace('{' + field.name + '}', encodeURIComponent(field.value));
    else if (field.value !== '') query.set(field.name, field.value);
  }
  const headers = {};
  if (token.value !== '') headers.Authorization = 'Bearer ' + token.value;
  const body = form.querySelector('textarea');
  if (body !== null && body.value.trim() !== '') headers['Content-Type'] = body.dataset.type;
  const text = query.toString();
  return {
    url: path + (text === '' ? '' : '?' + text),
    init: { method: form.dataset.method, headers, ...(body === null || body.value.trim() === '' ? {} : { body: body.value }) },
  };
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

for (const form of document.querySelectorAll('form.try')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const output = form.querySelector('output');
    const { url, init } = requestOf(form);
    output.hidden = false;
    output.textContent = '…';
    try {
      const response = await fetch(url, init);
      output.textContent = response.status + ' ' + response.statusText + '\\n' + pretty(await response.text());
    } catch (error) {
      output.textContent = String(error);
    }
  });
}
`;
