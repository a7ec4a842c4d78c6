(() => {
  const DAY = 1440;
  const STEP = 30;
  const PATIENCE = 600;

  const minutes = (text) => {
    const [hour, minute] = text.split(':').map(Number);
    return hour * 60 + minute;
  };
  const clock = (minute) =>
    `${String(Math.floor(minute / 60) % 24).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

  /**
   * A week of sending times. The time fields are the truth; the bars are drawn from them, and drawing on a bar with
   * the mouse only adds fields. Without this script the fields and the buttons below do all of it.
   *
   * @example
   * <form data-controller="drip-week" data-action="input->drip-week#draw">
   *   <fieldset data-drip-week-target="day">
   *     <div data-drip-week-target="track"><span data-drip-week-target="bars"></span></div>
   *     <div data-drip-week-target="pairs">…<template>an empty pair</template></div>
   *   </fieldset>
   *   <div data-drip-week-target="effect"></div>
   * </form>
   */
  class WeekController extends window.StimulusModule.Controller {
    static get targets() {
      return ['day', 'track', 'bars', 'pairs', 'effect'];
    }

    connect() {
      this.drawBars();
    }

    disconnect() {
      window.clearTimeout(this.timer);
    }

    /** Draws the bars anew, and asks a moment later what these times would have done. */
    draw() {
      this.drawBars();
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.measure(), PATIENCE);
    }

    drawBars() {
      this.barsTargets.forEach((bars) => bars.replaceChildren());
      this.spans.forEach(([day, begin, end]) => {
        if (end > begin) {
          this.bar(day, begin, end);
        } else {
          this.bar(day, begin, DAY);
          this.bar((day + 1) % 7, 0, end);
        }
      });
      this.dayTargets.forEach((day) => day.classList.toggle('is-closed', !day.querySelector('.drip-grid__pair')));
    }

    get spans() {
      return this.dayTargets.flatMap((fieldset, day) =>
        [...fieldset.querySelectorAll('.drip-grid__pair')]
          .map((pair) => [...pair.querySelectorAll('input')].map((input) => input.value))
          .filter(([begin, end]) => begin && end && (begin !== end || begin === '00:00'))
          // 00:00 as an end is the day's end.
          .map(([begin, end]) => [day, minutes(begin), end === '00:00' ? DAY : minutes(end)]),
      );
    }

    bar(day, begin, end) {
      if (end <= begin) return;
      const bar = document.createElement('span');
      bar.className = 'drip-grid__window';
      bar.style.insetInlineStart = `${(begin / DAY) * 100}%`;
      bar.style.width = `${((end - begin) / DAY) * 100}%`;
      this.barsTargets[day].append(bar);
    }

    add(event) {
      const pair = this.newPair(event.currentTarget.closest('fieldset'));
      this.draw();
      pair.querySelector('input').focus();
    }

    remove(event) {
      const fieldset = event.currentTarget.closest('fieldset');
      event.currentTarget.closest('.drip-grid__pair').remove();
      this.draw();
      fieldset.querySelector('.drip-grid__add').focus();
    }

    newPair(fieldset, begin = '', end = '') {
      const pair = fieldset.querySelector('template').content.firstElementChild.cloneNode(true);
      [pair.querySelectorAll('input')[0].value, pair.querySelectorAll('input')[1].value] = [begin, end];
      fieldset.querySelector('.drip-grid__add').before(pair);
      return pair;
    }

    /** Draws a new window with the mouse or a finger, to the half hour. */
    drag(event) {
      if (event.button !== 0) return;
      event.preventDefault();
      const track = event.currentTarget;
      const fieldset = track.closest('fieldset');
      const at = (moment) => {
        const box = track.getBoundingClientRect();
        const part = (moment.clientX - box.left) / box.width;
        const along = getComputedStyle(track).direction === 'rtl' ? 1 - part : part;
        return Math.min(DAY, Math.max(0, Math.round((along * DAY) / STEP) * STEP));
      };
      const from = at(event);
      const ghost = document.createElement('span');
      ghost.className = 'drip-grid__window is-new';
      track.append(ghost);
      const move = (moment) => {
        const [begin, end] = [from, at(moment)].sort((a, b) => a - b);
        ghost.style.insetInlineStart = `${(begin / DAY) * 100}%`;
        ghost.style.width = `${((end - begin) / DAY) * 100}%`;
      };
      const stop = (moment) => {
        track.removeEventListener('pointermove', move);
        ghost.remove();
        if (moment.type === 'pointercancel') return;
        const [begin, end] = [from, at(moment)].sort((a, b) => a - b);
        if (end > begin) {
          this.newPair(fieldset, clock(begin), clock(end));
          this.draw();
        }
      };
      track.setPointerCapture(event.pointerId);
      track.addEventListener('pointermove', move);
      track.addEventListener('pointerup', stop, { once: true });
      track.addEventListener('pointercancel', stop, { once: true });
    }

    async measure() {
      const data = new FormData(this.element);
      data.set('action', 'effect');
      const asked = Symbol('asked');
      this.asked = asked;
      const answer = await fetch(window.location.href, { method: 'POST', body: data });
      // Only the last question's answer counts.
      if (answer.ok && this.asked === asked) this.effectTarget.innerHTML = await answer.text();
    }
  }

  window.wagtail.app.register('drip-week', WeekController);
})();
