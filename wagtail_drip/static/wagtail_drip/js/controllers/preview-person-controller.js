(() => {
  /**
   * "Show as": puts the chosen person on the preview's address and has it drawn again. It stands outside the edit
   * form, so that choosing somebody neither saves nor changes anything. The server decides whether one may see them.
   *
   * @example
   * <div data-controller="drip-preview-person" data-action="change->drip-preview-person#apply">
   *   <select data-drip-preview-person-target="person">
   *     <option value="17">Latest customer with an order (Ben)</option>
   *     <option value="">A made-up customer</option>
   *     <option value="choose">Choose a customer…</option>
   *   </select>
   *   <div data-drip-preview-person-target="chooser" hidden>…</div>
   * </div>
   */
  class PreviewPersonController extends window.StimulusModule.Controller {
    static get targets() {
      return ['person', 'chooser'];
    }

    connect() {
      this.use(this.chosen);
      this.noteDrawn = () => {
        this.drawn = this.address;
      };
      this.catchUp = () => {
        if (this.drawn !== this.address) this.redraw();
      };
      this.preview?.addEventListener('w-preview:load', this.noteDrawn);
      this.preview?.addEventListener('w-preview:updated', this.catchUp);
    }

    disconnect() {
      this.preview?.removeEventListener('w-preview:load', this.noteDrawn);
      this.preview?.removeEventListener('w-preview:updated', this.catchUp);
    }

    get isChoosing() {
      return this.personTarget.value === 'choose';
    }

    get chosen() {
      return this.isChoosing ? this.chooserTarget.querySelector('input[type="hidden"]')?.value : this.personTarget.value;
    }

    get preview() {
      return this.element.parentElement?.querySelector('[data-controller~="w-preview"]');
    }

    /** Where the preview is fetched from. */
    get address() {
      return this.preview?.dataset.wPreviewRenderUrlValue;
    }

    apply() {
      if (this.hasChooserTarget) this.chooserTarget.hidden = !this.isChoosing;
      if (this.isChoosing && !this.chosen) {
        this.chooserTarget.querySelector('.unchosen [data-chooser-action-choose]')?.click();
        return;
      }
      this.use(this.chosen);
      this.redraw();
    }

    use(person) {
      const { preview } = this;
      if (!preview) return;
      const address = new URL(preview.dataset.wPreviewUrlValue, window.location.href);
      if (person) address.searchParams.set('person', person);
      preview.dataset.wPreviewRenderUrlValue = address.pathname + address.search;
    }

    /** While another drawing is under way this does nothing; `catchUp` then comes back to it. */
    redraw() {
      // In the next frame: Stimulus tells the preview of its new address only after this one.
      requestAnimationFrame(() => window.wagtail.app.queryController('w-preview')?.setPreviewDataWithAlert());
    }
  }

  window.wagtail.app.register('drip-preview-person', PreviewPersonController);
})();
