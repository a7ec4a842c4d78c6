(() => {
  const PAUSE = 600;

  /**
   * Shows how many people the rules on this form mean, anew whenever somebody stops changing them.
   *
   * Only the newest answer is shown: a slow count that comes in late is dropped.
   *
   * @example
   * <section data-controller="drip-segment-count" data-drip-segment-count-url-value="/count/">
   *   <div data-drip-segment-count-target="told"></div>
   *   <p data-drip-segment-count-target="failed" hidden></p>
   * </section>
   */
  class SegmentCountController extends window.StimulusModule.Controller {
    static get targets() {
      return ['told', 'failed'];
    }

    static get values() {
      return { url: String };
    }

    connect() {
      this.form = this.element.closest('form');
      this.later = () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), PAUSE);
      };
      ['input', 'change', 'click'].forEach((kind) => this.form.addEventListener(kind, this.later));
      this.later();
    }

    disconnect() {
      clearTimeout(this.timer);
      this.asked?.abort();
      ['input', 'change', 'click'].forEach((kind) => this.form.removeEventListener(kind, this.later));
    }

    async ask() {
      const fields = new FormData(this.form);
      // A click that changed nothing, such as opening a rule, asks nothing.
      const text = new URLSearchParams([...fields].filter(([, value]) => typeof value === 'string')).toString();
      if (text === this.last) return;
      this.asked?.abort();
      this.asked = new AbortController();
      this.toldTarget.setAttribute('aria-busy', 'true');
      try {
        const answer = await fetch(this.urlValue, { method: 'POST', body: fields, signal: this.asked.signal });
        if (!answer.ok) throw new Error(`${answer.status}`);
        this.toldTarget.innerHTML = await answer.text();
        this.last = text;
        this.failedTarget.hidden = true;
        this.toldTarget.setAttribute('aria-busy', 'false');
      } catch (error) {
        if (error.name === 'AbortError') return;
        this.failedTarget.hidden = false;
        this.toldTarget.setAttribute('aria-busy', 'false');
      }
    }
  }

  window.wagtail.app.register('drip-segment-count', SegmentCountController);
})();
