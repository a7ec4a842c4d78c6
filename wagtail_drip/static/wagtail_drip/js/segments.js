/* How many SMS a text costs: the twin of wagtail_drip/gateways/encoding.py. */
(() => {
  // Made from encoding.alphabets(); a test compares the two.
  const ALPHABETS = {"basic": "@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5\u0394_\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e\u00c6\u00e6\u00df\u00c9 !\"#\u00a4%&'()*+,-./0123456789:;<=>?\u00a1ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6\u00d1\u00dc\u00a7\u00bfabcdefghijklmnopqrstuvwxyz\u00e4\u00f6\u00f1\u00fc\u00e0", "extension": "\f^{}\\[~]|\u20ac", "limits": {"GSM-7": {"single": 160, "part": 153}, "UCS-2": {"single": 70, "part": 67}}};
  const BASIC = new Set(ALPHABETS.basic);
  const EXTENSION = new Set(ALPHABETS.extension);

  /** How many of the parts' units each character takes; a pair (escape or surrogate) is never split. */
  const sizes = (characters, isUnicode) =>
    characters.map((character) => (isUnicode ? character.length : EXTENSION.has(character) ? 2 : 1));

  /**
   * Counts a text as networks do.
   *
   * @returns {{encoding: string, units: number, segments: number, left: number, costly: string[]}} `left` is how many
   *   units more fit before the next SMS; `costly` the characters for which the whole text goes as UCS-2.
   */
  const count = (text) => {
    const characters = [...text];
    const costly = [...new Set(characters.filter((one) => !BASIC.has(one) && !EXTENSION.has(one)))];
    const encoding = costly.length ? 'UCS-2' : 'GSM-7';
    const { single, part } = ALPHABETS.limits[encoding];
    const each = sizes(characters, costly.length > 0);
    const units = each.reduce((sum, size) => sum + size, 0);
    if (!units) return { encoding, units: 0, segments: 0, left: single, costly };
    if (units <= single) return { encoding, units, segments: 1, left: single - units, costly };
    let segments = 1;
    let used = 0;
    each.forEach((size) => {
      if (used + size > part) {
        segments += 1;
        used = 0;
      }
      used += size;
    });
    return { encoding, units, segments, left: part - used, costly };
  };

  window.drip = Object.assign(window.drip || {}, { segments: { ALPHABETS, count } });
})();
