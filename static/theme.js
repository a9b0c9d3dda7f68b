// Runs before the first paint, so that a chosen theme never flashes the other one.
(() => {
  const root = document.documentElement;
  const store = (() => { try { return localStorage; } catch { return {}; } })();  // storage may be off
  if (store.theme) root.dataset.theme = store.theme;
  document.addEventListener('click', (event) => {
    if (!event.target.closest('[data-theme-toggle]')) return;
    const dark = root.dataset.theme === 'dark'
      || (root.dataset.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
    store.theme = root.dataset.theme = dark ? 'light' : 'dark';
  });
})();
