(() => {
  const PAUSE = 1500;
  // What takes a big shop long to answer is asked the less often.
  const REST = 10;

  /**
   * Shows how far something is: asks for its part of the page again while somebody works on it.
   *
   * Values: `url` is the address of the part. What was opened in it stays open.
   *
   * @example
   * <div data-controller="drip-progress" data-drip-progress-url-value="/…/1/?part=1">
   *   <div data-drip-progress-target="part" data-at-work>…</div>
   * </div>
   */
  class ProgressController extends window.StimulusModule.Controller {
    static get targets() {
      return ['part'];
    }

    static get values() {
      return { url: String };
    }

    connect() {
      this.pause = PAUSE;
      this.wait();
    }

    disconnect() {
      window.clearTimeout(this.timer);
    }

    wait() {
      if (this.hasPartTarget && this.partTarget.hasAttribute('data-at-work')) {
        this.timer = window.setTimeout(() => this.ask(), this.pause);
      }
    }

    async ask() {
      const asked = performance.now();
      try {
        const response = await fetch(this.urlValue, { headers: { 'X-Requested-With': 'XMLHttpRequest' } });
        // Logged out or gone: what is shown stays, and a reload says why.
        if (!response.ok || response.redirected) return;
        const part = document.createRange().createContextualFragment(await response.text());
        this.pause = Math.max(PAUSE, REST * (performance.now() - asked));
        // Nobody who is reading or about to press loses their place.
        const open = [...this.partTarget.querySelectorAll('details[id][open]')].map((each) => each.id);
        const focused = this.partTarget.contains(document.activeElement) && document.activeElement.id;
        this.partTarget.replaceWith(part);
        open.forEach((id) => document.getElementById(id)?.setAttribute('open', ''));
        if (focused) document.getElementById(focused)?.focus();
      } catch {
        // The network is away; it may come back.
      }
      this.wait();
    }
  }

  window.wagtail.app.register('drip-progress', ProgressController);
})();
