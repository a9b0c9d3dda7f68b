// Delegated listeners only, so that all holds for whatever htmx swaps in.
(() => {
  'use strict';
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const on = (event, listener, options) => document.addEventListener(event, listener, options);
  const store = (() => { try { return localStorage; } catch { return {}; } })();  // storage may be off
  const words = JSON.parse(document.currentScript.dataset.words);  // in the page's language, by portal/templatetags/_script.py

  // Announcements and toasts
  const announce = (text) => { const region = $('#announce'); if (region && text) region.textContent = text; };
  const arm = (toast) => {
    toast.append(make('button', { type: 'button', textContent: words.dismiss }));
    toast.lastChild.dataset.dismiss = '';
    const leave = () => setTimeout(() => (toast.matches(':hover, :focus-within') ? leave() : toast.remove()), 5000);
    leave();
  };
  const raise = (box) => {  // above a modal dialog that opened after it
    if (box.matches(':popover-open')) box.hidePopover();
    box.showPopover();
  };
  const toast = (text, tone) => {
    const box = $('#toasts');
    if (!box || !text) return;
    const element = make('div', { className: 'toast' });
    if (tone) element.dataset.tone = tone;
    element.append(make('span', { textContent: text }));
    raise(box);
    box.append(element);
    arm(element);
  };

  // Dialogs
  const openers = new WeakMap();
  const open = (dialog, opener) => {
    if (!dialog || dialog.open) return;
    $$('dialog.cmdk[open]').forEach((other) => other.close());
    openers.set(dialog, opener ?? document.activeElement);
    dialog.showModal();
  };
  const openFromHash = () => {
    const dialog = document.getElementById(location.hash.slice(1));
    if (!dialog?.matches('dialog')) return;
    history.replaceState(null, '', location.pathname + location.search);
    open(dialog);
  };
  on('close', (event) => {
    const opener = openers.get(event.target);
    if (!opener || (document.activeElement && document.activeElement !== document.body)) return;
    (opener.isConnected ? opener : document.getElementById(opener.id) ?? $('#main'))?.focus();
  }, true);
  on('pointerdown', (event) => { if (event.target.matches('.drawer, .cmdk')) event.target.close(); });

  // Copying
  const copy = async (text, element) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* refused, or plain http */ }
    const area = make('textarea', { value: text, className: 'vh' });
    (element.closest('dialog, [popover]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    element.focus();
    return done;
  };
  const copied = async (element) => {
    const written = element.dataset.copy ? null : $('pre', element.closest('section'));  // the text beside it
    if (await copy(written?.textContent ?? element.dataset.copy, element)) {
      element.classList.add('copied');
      setTimeout(() => element.classList.remove('copied'), 1500);
      announce(words.copied);
      if (!element.matches('.id')) toast(words.copiedToast);
    } else {
      getSelection().selectAllChildren(written ?? $('.text', element) ?? element);
      toast(words.notCopied, 'red');
    }
  };

  const rename = (box, editing) => {
    const form = $('form', box), start = $('[data-rename-start]', box), input = $('input:not([type=hidden])', form);
    form.hidden = !editing;
    start.hidden = editing;
    $('h1', box).classList.toggle('vh', editing);
    if (editing) { input.focus(); input.select(); } else { form.reset(); start.focus(); }
  };

  const actions = {
    open: (element) => open(document.getElementById(element.dataset.open), element),
    close: (element) => element.closest('dialog')?.close(),
    copy: copied,
    press: (element) => { element.closest('dialog')?.close(); $(element.dataset.press)?.click(); },
    dismiss: (element) => element.closest('.toast').remove(),
    renameStart: (element) => rename(element.closest('[data-rename]'), true),
    renameCancel: (element) => rename(element.closest('[data-rename]'), false),
    clear: (element) => {
      const input = $('input', element.closest('.field-inline'));
      input.value = '';
      input.dispatchEvent(new Event('input', { bubbles: true }));
      input.focus();
    },
  };
  const actionable = Object.keys(actions)
    .map((name) => `[data-${name.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase())}]`).join();
  let pressed = null;  // what opened the next popover, for browsers that do not say
  on('click', (event) => {
    pressed = event.target.closest('[popovertarget]') ?? pressed;
    const element = event.target.closest(actionable);
    if (!element) return;
    if (element.href) event.preventDefault();
    for (const name in actions) if (name in element.dataset) actions[name](element);
  });

  on('submit', (event) => event.target.closest('.menu')?.hidePopover());

  on('input', (event) => {
    const { match, filter } = event.target.dataset;
    if (match !== undefined) {
      $$('.danger', event.target.form).forEach((button) => { button.disabled = event.target.value.trim() !== match; });
    }
    if (filter) {
      const wanted = event.target.value.trim().toLowerCase();
      $$(`#${filter} > li`).forEach((item) => { item.hidden = !item.textContent.toLowerCase().includes(wanted); });
    }
  });
  on('change', (event) => {
    if ('shortcutsSwitch' in event.target.dataset) store.shortcuts = event.target.checked ? 'on' : 'off';
  });

  // Keyboard
  const walk = (step) => {
    const rows = $$('.row-link'), here = rows.indexOf(document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, here < 0 ? 0 : here + step))]?.focus();
  };
  const press = (selector) => () => { const element = $(selector); element?.matches('input') ? element.focus() : element?.click(); };
  const keys = {
    '/': press('#q'), c: press('.sheet [data-open=new-company]'), r: press('[data-refresh]'),
    j: () => walk(1), k: () => walk(-1), '?': () => open($('#shortcuts')), 'g c': press('.side ul a'),
  };
  let earlier = '', earlierAt = 0;
  on('keydown', (event) => {
    const key = event.key;
    if ((event.metaKey || event.ctrlKey) && key.toLowerCase() === 'k') {
      event.preventDefault();
      open($('#cmdk'));
    } else if (/^Arrow(Down|Up)$/.test(key) && event.target.closest('.cmdk')) {
      const items = $$('.cmdk input, .cmdk li:not([hidden]) :is(a,button)'), here = items.indexOf(document.activeElement);
      event.preventDefault();
      items[Math.max(0, Math.min(items.length - 1, here + (key === 'ArrowDown' ? 1 : -1)))]?.focus();
    } else if (key === 'Escape' && event.target.closest('.rename')) {
      rename(event.target.closest('[data-rename]'), false);
    } else if (!event.metaKey && !event.ctrlKey && !event.altKey && store.shortcuts !== 'off'
      && !event.target.closest('input, textarea, select, [contenteditable], dialog[open]')) {
      const sequence = event.timeStamp - earlierAt < 1000 ? `${earlier} ${key}` : '';
      const action = keys[sequence] ?? keys[key];
      earlier = key;
      earlierAt = event.timeStamp;
      if (action) { event.preventDefault(); action(); }
    }
  });

  // Relative moments, as in portal/templatetags/_words.py
  const forms = new Intl.PluralRules(document.documentElement.lang);
  const relative = (moment) => {
    const seconds = Math.trunc((Date.now() - moment) / 1000), distance = Math.abs(seconds);
    if (distance < 60) return seconds >= 0 ? words.now : words.soon;
    if (distance >= 2592000) return null;
    const [unit, length] = distance < 3600 ? ['minute', 60] : distance < 86400 ? ['hour', 3600] : ['day', 86400];
    const number = Math.trunc(distance / length), said = words[seconds > 0 ? 'ago' : 'ahead'][unit];
    return (said[forms.select(number)] ?? said.other).replace('#', number);
  };
  const tick = () => $$('time[data-relative]').forEach((element) => {
    const said = relative(Date.parse(element.dateTime));
    if (said && element.textContent !== said) element.textContent = said;
  });
  setInterval(tick, 30000);
  on('visibilitychange', () => { if (!document.hidden) tick(); });

  // Streams
  const live = (stream, state) => $$(`[data-live="${CSS.escape(stream.id)}"]`).forEach((tag) => {
    tag.dataset.state = state;
    $('[data-live-word]', tag).textContent = words[state];
  });
  on('htmx:sse:after:connection', (event) => live(event.target, 'live'));
  on('htmx:sse:before:connection', (event) => {
    if (event.detail.connection.attempt) live(event.target, document.hidden ? 'paused' : 'reconnecting');
  });
  on('htmx:sse:error', (event) => live(event.target, 'reconnecting'));
  on('htmx:sse:close', (event) => live(event.target, 'paused'));

  // What the server says beside a swap, and what went wrong
  const isStream = (element) => element.matches?.('[hx-sse\\:connect]');
  on('toast', ({ detail }) => toast(detail.text ?? detail.value, detail.tone));
  on('announce', ({ detail }) => announce(detail.value ?? detail.data));
  on('close-dialogs', () => $$('dialog[open]').forEach((dialog) => dialog.close()));
  on('htmx:response:error', ({ target, detail: { ctx } }) => {
    if (isStream(target)) return;
    const status = ctx.response.status;
    if (status === 422 || ctx.hx?.trigger?.includes('toast')) return;
    toast(words[status] ?? words.ours, 'red');
  });
  on('htmx:error', ({ target, detail }) => {
    if (!isStream(target) && detail.ctx && !detail.ctx.response) toast(words.unreachable, 'red');
  });
  on('htmx:finally:request', ({ target, detail: { ctx } }) => {
    if (!isStream(target) || ctx.response?.raw.ok) return;
    if (ctx.response?.status < 500) { live(target, 'paused'); return; }
    live(target, 'reconnecting');  // htmx gives up when the first connection fails
    setTimeout(() => { if (target.isConnected) htmx.ajax('GET', target.getAttribute('hx-sse:connect'), { source: target }); }, 3000);
  });
  on('htmx:after:swap', ({ detail: { ctx } }) => {
    tick();
    $$('dialog[data-show]').forEach((dialog) => { dialog.removeAttribute('data-show'); open(dialog); });
    if (ctx.response?.status === 422) $('[aria-invalid=true]', $('dialog[open]') ?? document)?.focus();
  });
  const connection = () => {
    const bar = $('#offline');
    if (bar) bar.hidden = navigator.onLine;
    // Browsers keep a dead stream open: end it, so that it is made anew from its last event on.
    $$('[hx-sse\\:connect]').forEach(({ _htmx }) => {
      navigator.onLine ? _htmx?.sse?.delayCanceller?.() : _htmx?.sse?.reader?.cancel();
    });
  };
  addEventListener('online', connection);
  addEventListener('offline', connection);
  addEventListener('hashchange', openFromHash);

  // Menus where the browser cannot anchor them to their button
  if (!CSS.supports('position-area', 'block-end')) {
    on('toggle', (event) => {
      const menu = event.target;
      if (event.newState !== 'open' || !menu.matches('.menu') || !pressed) return;
      const anchor = pressed.getBoundingClientRect(), below = anchor.bottom + menu.offsetHeight + 12 < innerHeight;
      const start = menu.matches('.start') ? anchor.left : anchor.right - menu.offsetWidth;
      menu.style.position = 'fixed';
      menu.style.left = `${Math.max(8, Math.min(start, innerWidth - menu.offsetWidth - 8))}px`;
      menu.style.top = below ? `${anchor.bottom}px` : `${Math.max(8, anchor.top - menu.offsetHeight - 12)}px`;
    }, true);
  }

  // The page as it came
  $$('.toast').forEach(arm);
  if ($('.toast')) raise($('#toasts'));
  $$('[data-shortcuts-switch]').forEach((box) => { box.checked = store.shortcuts !== 'off'; });
  if (/Mac|iP/.test(navigator.platform)) $$('[data-mod-key]').forEach((key) => { key.textContent = '⌘K'; });
  openFromHash();
})();
