(() => {
  const PAUSE = 1500;

  /**
   * Shows how far an import is: asks for its part of the page again while somebody works on it.
   *
   * Values: `url` is the address of the part.
   *
   * @example
   * <div data-controller="drip-import-progress" data-drip-import-progress-url-value="/…/imports/1/?part=1">
   *   <div data-drip-import-progress-target="part" data-at-work>…</div>
   * </div>
   */
  class ImportProgressController extends window.StimulusModule.Controller {
    static get targets() {
      return ['part'];
    }

    static get values() {
      return { url: String };
    }

    connect() {
      this.wait();
    }

    disconnect() {
      window.clearTimeout(this.timer);
    }

    wait() {
      if (this.hasPartTarget && this.partTarget.hasAttribute('data-at-work')) {
        this.timer = window.setTimeout(() => this.ask(), PAUSE);
      }
    }

    async ask() {
      try {
        const response = await fetch(this.urlValue, { headers: { 'X-Requested-With': 'XMLHttpRequest' } });
        // Logged out or gone: what is shown stays, and a reload says why.
        if (!response.ok || response.redirected) return;
        const part = document.createRange().createContextualFragment(await response.text());
        this.partTarget.replaceWith(part);
      } catch {
        // The network is away; it may come back.
      }
      this.wait();
    }
  }

  window.wagtail.app.register('drip-import-progress', ImportProgressController);
})();
