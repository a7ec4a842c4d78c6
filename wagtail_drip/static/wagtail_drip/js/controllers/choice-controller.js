(() => {
  /**
   * Shows what the choice made in a select would do, under it. All effects stand in a list beside, which is what is
   * there without JavaScript.
   *
   * @example
   * <td data-controller="drip-choice">
   *   <select data-drip-choice-target="choice" data-action="drip-choice#show">
   *     <option value="">Same step, same wait</option>
   *     <option value="leave">Leave the sequence</option>
   *   </select>
   *   <p data-drip-choice-target="shown" aria-live="polite">3 wait on as long as before.</p>
   *   <dl>
   *     <dd data-drip-choice-target="effect" data-value="">3 wait on as long as before.</dd>
   *     <dd data-drip-choice-target="effect" data-value="leave">3 leave.</dd>
   *   </dl>
   * </td>
   */
  class ChoiceController extends window.StimulusModule.Controller {
    static get targets() {
      return ['choice', 'shown', 'effect'];
    }

    connect() {
      // A browser that comes back to the page puts back what was chosen.
      this.show();
    }

    show() {
      const { value } = this.choiceTarget;
      const effect = this.effectTargets.find((each) => each.dataset.value === value);
      if (effect) this.shownTarget.textContent = effect.textContent;
    }
  }

  window.wagtail.app.register('drip-choice', ChoiceController);
})();
