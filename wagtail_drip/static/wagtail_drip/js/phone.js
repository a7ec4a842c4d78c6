/* In the preview: paths of a branch as tabs, kept while one types, and a click on a bubble opens its step. */
(() => {
  const KEY = 'drip-preview-paths';
  const paths = JSON.parse(sessionStorage.getItem(KEY) || '{}');

  const show = (branch, path) => {
    const bodies = [...branch.querySelectorAll(':scope > .branch__body')];
    if (!bodies.some((body) => body.dataset.body === path)) return;
    bodies.forEach((body) => {
      body.hidden = body.dataset.body !== path;
    });
    branch.querySelectorAll(':scope > .branch__tabs > .branch__tab').forEach((tab) => {
      tab.setAttribute('aria-pressed', String(tab.dataset.tab === path));
    });
  };

  const open = (bubble) => {
    if (window.parent !== window) {
      window.parent.postMessage({ drip: 'open-step', step: bubble.dataset.step }, window.location.origin);
    }
  };

  document.querySelectorAll('.branch').forEach((branch) => {
    if (paths[branch.dataset.branch]) show(branch, paths[branch.dataset.branch]);
  });

  document.addEventListener('click', (event) => {
    const tab = event.target.closest('.branch__tab');
    const bubble = event.target.closest('[data-step]');
    if (tab) {
      const branch = tab.closest('.branch');
      paths[branch.dataset.branch] = tab.dataset.tab;
      sessionStorage.setItem(KEY, JSON.stringify(paths));
      show(branch, tab.dataset.tab);
    } else if (bubble) {
      open(bubble);
    }
  });

  document.addEventListener('keydown', (event) => {
    const bubble = event.target.closest?.('[data-step]');
    if (bubble && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      open(bubble);
    }
  });
})();
