/* What the page carries for its scripts: variables, properties of events, words. Without it, all of them are empty. */
(() => {
  let data = null;

  const editorData = () => {
    if (data === null) {
      const element = document.getElementById('drip-editor-data');
      if (!element) return { variables: {}, subjects: {}, properties: {}, words: {}, link: '', shownAtOnce: 0 };
      data = JSON.parse(element.textContent);
    }
    return data;
  };

  /** A word of the page with its placeholders filled in: say('segments', { count: 2 }). */
  const say = (name, values = {}) =>
    Object.entries(values).reduce(
      (sentence, [key, value]) => sentence.replace(`%(${key})s`, value),
      editorData().words[name] || '',
    );

  /** The event that starts the sequence, as it is chosen at this moment; '' on pages without such a field. */
  const triggerEvent = () => {
    const kind = document.querySelector('select[name="trigger_kind"]')?.value || 'event';
    if (kind !== 'event') return editorData().hears?.[kind] || '';
    return document.querySelector('select[name="trigger_event"]')?.value || '';
  };

  /** What a text may show, with that first which a text about such an event most likely does. */
  const variables = () => {
    const { variables: known, subjects } = editorData();
    const event = triggerEvent();
    const places = { [subjects[event] || 'event']: 1, shop: 2, contact: 3 };
    const place = ({ name }) => (name === 'contact.first_name' ? 0 : (places[name.split('.')[0]] ?? 4));
    return [...(known[event] || []), ...(event ? known[''] || [] : [])].sort((a, b) => place(a) - place(b));
  };

  const VARIABLE = /\{\{-?\s*([\w.]+)\s*(?:\|\s*default:\s*(["'])(.*?)\2)?[^}]*\}\}/g;
  const ADDRESS = /https?:\/\/[^\s]*[^\s.,;:!?'*)]/gi;

  /** The text with samples for its variables and links as short as ours: near enough to count by. */
  const filled = (text, { trackLinks = true } = {}) => {
    const samples = Object.fromEntries(variables().map(({ name, sample }) => [name, sample]));
    const shown = text
      .replace(/\{%.*?%\}/gs, '')
      .replace(VARIABLE, (_, name, _quote, fallback) => samples[name] ?? fallback ?? '');
    const { link } = editorData();
    return trackLinks && link ? shown.replace(ADDRESS, link) : shown;
  };

  /** The text with its variables named in brackets, for a summary. */
  const readable = (text) => {
    const labels = Object.fromEntries(variables().map(({ name, label }) => [name, label.toLowerCase()]));
    return text
      .replace(/\{%.*?%\}/gs, '')
      .replace(VARIABLE, (_, name) => `[${labels[name] || name.split('.').pop().replaceAll('_', ' ')}]`)
      .replace(/\s+/g, ' ')
      .trim();
  };

  window.drip = Object.assign(window.drip || {}, { editorData, say, triggerEvent, variables, filled, readable });
})();
