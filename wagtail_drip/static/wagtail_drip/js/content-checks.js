/* The rules of wagtail_drip/admin/content_checks.py, asked of each bubble. The server has found the facts. */
(() => {
  const checks = {
    'drip-missing': (text) => !text.dataset.missing,
    'drip-broken': (text) => !text.dataset.broken,
    'drip-opt-out': (text) => text.dataset.optOut !== 'missing',
    'drip-sensitive': (text) => !Number(text.dataset.sensitive),
    'drip-length': (text) => Number(text.dataset.segments) < 3,
  };
  Object.entries(checks).forEach(([name, check]) => window.wagtail?.userbar?.registerCheck?.(name, check));
})();
