(() => {
  const { editorData, filled, say, segments, variables } = window.drip;
  /** Two letters in a row that are not Latin: the text is in another script, and nothing in it could cost less. */
  const OTHER_SCRIPT = /(?:(?!\p{Script=Latin})\p{L}){2}/u;

  /**
   * A text with buttons that insert variables, and what it costs while it is typed.
   * Which buttons there are follows the event chosen in the same form. Its Python half is
   * `wagtail_drip.content.widgets.MessageTextarea`.
   *
   * @example
   * <div data-controller="drip-message-text">
   *   <div data-drip-message-text-target="chips" hidden></div>
   *   <textarea data-drip-message-text-target="input" data-action="input->drip-message-text#refresh"></textarea>
   *   <output data-drip-message-text-target="cost"></output>
   * </div>
   */
  class MessageTextController extends window.StimulusModule.Controller {
    static get targets() {
      return ['chips', 'input', 'cost'];
    }

    connect() {
      // Wagtail puts these on the widget's first element, which is our frame and not the field.
      ['required', 'aria-describedby', 'maxlength'].forEach((name) => {
        const value = this.element.getAttribute(name);
        if (value === null) return;
        this.element.removeAttribute(name);
        this.inputTarget.setAttribute(name, value);
      });
      const described = this.inputTarget.getAttribute('aria-describedby');
      this.inputTarget.setAttribute('aria-describedby', [described, this.costTarget.id].filter(Boolean).join(' '));
      this.showAll = false;
      this.changed = (event) => {
        if (event.target.name === 'trigger_event') this.draw();
      };
      document.addEventListener('change', this.changed);
      this.draw();
    }

    disconnect() {
      document.removeEventListener('change', this.changed);
    }

    draw() {
      this.drawChips();
      this.refresh();
    }

    drawChips() {
      const known = variables();
      const shown = this.showAll ? known : known.slice(0, editorData().shownAtOnce);
      this.chipsTarget.hidden = !known.length;
      this.chipsTarget.replaceChildren(
        ...shown.map(({ name, label, sample }) => this.button(label, () => this.insert(name), sample)),
      );
      if (known.length > editorData().shownAtOnce) {
        const more = this.button(say(this.showAll ? 'fewer' : 'more'), () => this.toggle());
        more.classList.add('drip-message-text__more');
        more.setAttribute('aria-expanded', String(this.showAll));
        this.chipsTarget.append(more);
      }
    }

    button(label, action, title = '') {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'button button-small button-secondary drip-message-text__chip';
      button.textContent = label;
      if (title) button.title = title;
      button.addEventListener('click', action);
      return button;
    }

    toggle() {
      this.showAll = !this.showAll;
      this.drawChips();
      this.chipsTarget.lastElementChild.focus();
    }

    insert(name) {
      const input = this.inputTarget;
      const fallback = name === 'contact.first_name' ? ` | default: "${say('fallback')}"` : '';
      input.setRangeText(`{{ ${name}${fallback} }}`, input.selectionStart, input.selectionEnd, 'end');
      // Both bubble: autosave, preview and the growing of the field each listen for one of them.
      input.dispatchEvent(new Event('input', { bubbles: true }));
      input.dispatchEvent(new Event('change', { bubbles: true }));
      input.focus();
    }

    refresh() {
      const text = filled(this.inputTarget.value, { trackLinks: this.tracksLinks });
      const found = segments.count(text);
      this.costTarget.dataset.level = found.segments < 2 ? 'low' : found.segments === 2 ? 'middle' : 'high';
      this.costTarget.textContent = found.units ? this.sentence(found, text) : say('noText');
    }

    /** Whether links will be shortened: the switch of the same step, where there is one. */
    get tracksLinks() {
      const name = this.inputTarget.name.replace(/-text$/, '-track_links');
      const box = name === this.inputTarget.name ? null : document.getElementsByName(name)[0];
      return box ? box.checked : true;
    }

    sentence({ units, segments: count, left, costly }, text) {
      const parts = [
        count === 1 ? say('oneSegment') : say('segments', { count }),
        say('characters', { used: units }),
        say('left', { left }),
      ];
      if (costly.length && !OTHER_SCRIPT.test(text)) {
        const words = costly.length > 3 ? 'costlyMany' : 'costly';
        parts.push(say(words, { characters: costly.slice(0, 3).join(' ') }));
      }
      return parts.filter(Boolean).join(' · ');
    }
  }

  window.wagtail.app.register('drip-message-text', MessageTextController);
})();
