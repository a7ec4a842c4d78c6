/* Steps in the editor: the summary of a collapsed step, fields shown only when they matter, and opening the step
   whose bubble was clicked in the preview. Its Python half is wagtail_drip/admin/sequences/adapters.py. */
(() => {
  const { StructBlockDefinition } = window.wagtailStreamField.blocks;
  const { editorData, filled, readable, say, segments, triggerEvent } = window.drip;
  const LONGEST = 70;

  const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
  /** "1 hour", "3 days": the browser knows every language's plurals. */
  const duration = (amount, unit) => {
    const language = document.documentElement.lang || 'en';
    const units = { minutes: 'minute', hours: 'hour', days: 'day', weeks: 'week' };
    return new Intl.NumberFormat(language, { style: 'unit', unit: units[unit], unitDisplay: 'long' }).format(amount);
  };
  const howMany = (steps) => (steps.length === 1 ? say('oneStep') : say('steps', { count: steps.length }));

  /** A select's state is a list of one. */
  const one = (value) => (Array.isArray(value) ? value[0] : value);

  /** The words of the option that is chosen, not its value. */
  const chosen = (block, name) => {
    const select = block.childBlocks[name]?.element?.closest('[data-contentpath]')?.querySelector('select');
    const option = select?.selectedOptions[0];
    return option?.value ? option.textContent.trim() : '';
  };

  const messageSummary = (state) => {
    if (state.saved_message) return `${say('savedMessage')}: ${state.saved_message.string || ''}`;
    if (!state.text) return say('noText');
    const cost = segments.count(filled(state.text, { trackLinks: state.track_links })).segments;
    const words = `“${cut(readable(state.text))}”`;
    return cost > 1 ? `${words} · ${say('segments', { count: cost })}` : words;
  };

  /** "An order is placed", "language is zh", "has clicked a link" */
  const testSummary = (state, block) => {
    const test = one(state.test);
    if (test === 'done' || test === 'not_done') {
      const what = chosen(block, 'event') || say('notSet');
      return test === 'not_done' ? say('not', { what }) : what;
    }
    if (test === 'attribute' || test === 'payload') {
      return [state.property, chosen(block, 'operator'), state.value].filter(Boolean).join(' ') || say('notSet');
    }
    if (test === 'purchases') {
      return [chosen(block, 'measure'), chosen(block, 'compared'), state.number].filter(Boolean).join(' ');
    }
    if (test === 'permitted' || test === 'not_permitted') {
      return [chosen(block, 'test').replace('…', ''), chosen(block, 'group')].filter(Boolean).join(' ');
    }
    return chosen(block, 'test');
  };

  const branchSummary = (state, block) => {
    const what = testSummary(state, block);
    const more = state.more || [];
    if (!more.length) return `${what} (${say('paths', { yes: howMany(state.yes), no: howMany(state.no) })})`;
    const names = more.map(({ value }, index) => value.name || say('pathNumber', { number: index + 2 }));
    return `${what} (${[state.name || say('pathNumber', { number: 1 }), ...names, say('otherwise')].join(' · ')})`;
  };

  const wayName = (state) => (state.name ? `${state.name}: ` : '');

  /** "Replied: 2 steps, No reply: 1 step" */
  const paths = (state, block) =>
    Object.entries(block.blockDef.meta.pathNames || {})
      .map(([key, name]) => say('path', { name, steps: howMany(state[key] || []) }))
      .join(', ');

  const awaitingSummary = (what, state, block) => {
    const time = state.amount && one(state.unit) ? duration(state.amount, one(state.unit)) : say('notSet');
    return `${what || say('notSet')}, ${say('noLonger', { time })} (${paths(state, block)})`;
  };

  const replySummary = (state, block) =>
    awaitingSummary(
      one(state.how) === 'anything' ? chosen(block, 'how') : `“${cut(state.words || '…')}”`,
      state,
      block,
    );

  const splitSummary = (state) => `${state.name || '…'}: ${state.weight ?? '…'}`;

  const dateSummary = (state, block) => {
    const what = one(state.source) === 'attribute' ? state.attribute : chosen(block, 'source');
    const offset =
      one(state.direction) === 'on' || !state.amount
        ? chosen(block, 'direction')
        : `${duration(state.amount, one(state.unit))} ${chosen(block, 'direction')}`;
    return `${offset}: ${what || say('notSet')} (${paths(state, block)})`;
  };

  const timeSummary = (state, block) => {
    if (!state.time) return say('notSet');
    const days = [...block.childBlocks.weekdays.element.querySelectorAll('input:checked')];
    return [state.time, days.map((box) => box.closest('label')?.textContent.trim()).join(', ')].filter(Boolean).join(' · ');
  };

  const SUMMARIES = {
    send_message: messageSummary,
    wait_duration: (state) => (state.amount && one(state.unit) ? duration(state.amount, one(state.unit)) : say('notSet')),
    wait_until_time: timeSummary,
    wait_for_event: (state, block) => awaitingSummary(chosen(block, 'event'), state, block),
    wait_for_reply: replySummary,
    branch: branchSummary,
    path: (state, block) =>
      'test' in state ? `${wayName(state)}${testSummary(state, block)} (${howMany(state.steps)})` : splitSummary(state),
    test: testSummary,
    random_split: (state) => (state.paths || []).map(({ value }) => splitSummary(value)).join(' · '),
    jump_to: (state) => [stepName(state.target) || say('notSet'), say('timesAtMost', { count: state.times })].join(', '),
    wait_until_date: dateSummary,
    update_contact: (state, block) =>
      `${one(state.field) === 'attribute' ? state.attribute : chosen(block, 'field')}: ${state.value || '–'}`,
    add_tag: (state) => state.tag || say('notSet'),
    remove_tag: (state) => state.tag || say('notSet'),
    set_subscription: (state, block) =>
      [chosen(block, 'change'), chosen(block, 'group'), state.topic].filter(Boolean).join(' · '),
    enrol_in: (state) => state.sequence?.string || say('notSet'),
    remove_from: (state) => state.sequence?.string || say('notSet'),
    call_webhook: (state, block) => [chosen(block, 'target') || say('notSet'), state.name].filter(Boolean).join(' → '),
    notify_staff: (state) => state.subject || say('noText'),
    exit: (state) => state.reason,
    condition: (state, block) => [state.property, chosen(block, 'operator'), state.value].filter(Boolean).join(' '),
    rule: (state, block) => chosen(block, 'event') || say('notSet'),
  };

  const valueOf = (child) => {
    try {
      return one(child.getValue());
    } catch {
      return null;
    }
  };

  class StepBlockDefinition extends StructBlockDefinition {
    // Wagtail asks `child instanceof this.blockDef.constructor` to know a struct block in a struct block. Without
    // this, a plain one inside ours would show its label twice.
    static [Symbol.hasInstance](object) {
      return Function.prototype[Symbol.hasInstance].call(StructBlockDefinition, object);
    }

    render(placeholder, prefix, initialState, initialError) {
      const block = super.render(placeholder, prefix, initialState, initialError);
      this.hideWhatDoesNotMatter(block);
      this.offerProperties(block);
      this.offerSteps(block);
      const summary = SUMMARIES[this.name];
      if (summary) {
        const usual = block.getTextLabel.bind(block);
        block.getTextLabel = (options) => {
          try {
            return summary(block.getState(), block) || usual(options);
          } catch {
            return usual(options);
          }
        };
      }
      return block;
    }

    hideWhatDoesNotMatter(block) {
      Object.entries(this.meta.showWhen || {}).forEach(([name, conditions]) => {
        const field = this.fieldOf(block, name);
        if (!field) return;
        const decide = () => {
          field.hidden = !Object.entries(conditions).every(([other, values]) =>
            values.includes(valueOf(block.childBlocks[other])),
          );
        };
        Object.keys(conditions).forEach((other) => {
          this.fieldOf(block, other)?.addEventListener('change', decide);
        });
        decide();
      });
    }

    /** The whole of one field: label, help and input. */
    fieldOf(block, name) {
      const element = block.childBlocks[name]?.element || block.childBlocks[name]?.container?.[0];
      return element?.closest?.('[data-contentpath]') || null;
    }

    /** A list instead of the box for a step's id; drawn anew whenever it is opened, for steps come and go. */
    offerSteps(block) {
      Object.keys(block.childBlocks).forEach((name) => {
        const input = this.fieldOf(block, name)?.querySelector(':scope input[data-drip-step-choice]');
        if (!input || input.dataset.dripStepChoice === 'drawn') return;
        input.dataset.dripStepChoice = 'drawn';
        const select = document.createElement('select');
        select.setAttribute('aria-label', input.labels?.[0]?.textContent.trim() || '');
        const draw = () => {
          const steps = allSteps();
          const options = steps.map((step) => new Option(nameOf(step), step.id));
          if (input.value && !steps.some((step) => step.id === input.value)) {
            options.unshift(new Option(say('stepIsGone'), input.value));
          }
          options.unshift(new Option(say('chooseStep'), ''));
          select.replaceChildren(...options);
          select.value = input.value;
        };
        select.addEventListener('focus', draw);
        select.addEventListener('pointerdown', draw);
        select.addEventListener('change', () => {
          input.value = select.value;
          input.dispatchEvent(new Event('input', { bubbles: true }));
          input.dispatchEvent(new Event('change', { bubbles: true }));
        });
        input.hidden = true;
        input.after(select);
        // Its neighbours are not drawn yet.
        setTimeout(() => {
          draw();
          const mine = allSteps().find(({ child }) => child.block === block)?.child;
          mine?.titleElement?.text?.(mine.getTextLabel({ maxLength: LONGEST }) || '');
        }, 0);
      });
    }

    /** Where a property of an event is named, the event's own are offered; any other may be written. */
    offerProperties(block) {
      const input = this.name === 'condition' && this.fieldOf(block, 'property')?.querySelector('input');
      if (!input) return;
      const list = document.createElement('datalist');
      list.id = `${input.id}-known`;
      input.after(list);
      input.setAttribute('list', list.id);
      input.addEventListener('focus', () => {
        const rule = input.closest('[data-streamfield-child]')?.parentElement?.closest('[data-streamfield-child]');
        const event = rule?.querySelector('select[name$="-event"]')?.value || eventOfField(input) || triggerEvent();
        list.replaceChildren(
          ...(editorData().properties[event] || []).map(({ name, label }) => {
            const option = document.createElement('option');
            option.value = name;
            option.label = label;
            return option;
          }),
        );
      });
    }
  }

  /* Which step is meant is chosen from those that are there; what is kept is the step's id. */
  const allSteps = (stream = document.querySelector('#steps-root')?.rootBlock, prefix = '') =>
    (stream?.children || []).flatMap((child, index) => {
      const number = `${prefix}${index + 1}`;
      const streams = Object.values(child.block.childBlocks || {}).filter((inner) => inner.children);
      const inside = streams.flatMap((inner) =>
        inner.children.some(({ block }) => block.childBlocks?.steps?.children)
          ? inner.children.flatMap(({ block }, path) => allSteps(block.childBlocks.steps, `${number}.${path + 1}.`))
          : allSteps(inner, `${number}.`),
      );
      // A condition, or a test, stands in a stream too; only steps have a label of their own kind.
      return child.block.blockDef.meta.isStep ? [{ id: child.id, kind: child.type, number, child }, ...inside] : inside;
    });

  const nameOf = ({ number, child }) => {
    const words = child.block.getTextLabel?.({ maxLength: LONGEST }) || '';
    return [`${number}. ${child.block.blockDef.meta.label}`, words].filter(Boolean).join(' · ');
  };

  const stepName = (id) => {
    const found = allSteps().find((step) => step.id === id);
    return found ? nameOf(found) : '';
  };

  const eventOfField = (input) =>
    input.name.startsWith('goal_conditions') ? document.querySelector('select[name="goal_event"]')?.value : '';

  window.telepath.register('wagtail_drip.blocks.Step', StepBlockDefinition);

  /* Opening a step from its bubble. The tree of blocks is not public in Wagtail; without it, nothing happens. */
  const find = (stream, id) => {
    for (const child of stream?.children || []) {
      if (child.id === id) return child;
      for (const inner of Object.values(child.block.childBlocks || {})) {
        const found = inner.children ? find(inner, id) : null;
        if (found) return found;
      }
    }
    return null;
  };

  const openStep = (id) => {
    const child = find(document.querySelector('#steps-root')?.rootBlock, id);
    if (!child) return;
    const panel = document.getElementById(`block-${id}-section`);
    // Opens every collapsed panel and the tab around it, as a search in the page would.
    panel?.dispatchEvent(new Event('beforematch', { bubbles: true }));
    const toggle = child.toggleElement || panel?.querySelector('[data-panel-toggle]');
    if (toggle?.getAttribute('aria-expanded') === 'false') toggle.click();
    child.focus({ soft: true });
    const field = panel?.querySelector('textarea, input:not([type="hidden"]), select');
    // After the panels around it have opened, and at once: a smooth scroll is broken off by their opening.
    setTimeout(() => {
      field?.focus({ preventScroll: true });
      panel?.scrollIntoView({ behavior: 'instant', block: 'center' });
    }, 250);
  };

  window.addEventListener('message', (event) => {
    if (event.origin === window.location.origin && event.data?.drip === 'open-step') openStep(event.data.step);
  });
})();
