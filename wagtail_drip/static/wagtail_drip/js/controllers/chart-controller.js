/* global dripECharts */
(() => {
  let library = null;

  /** Fetches the vendored Apache ECharts once for the page, when the first chart asks for it. */
  const loadLibrary = (url) => {
    if (!library) {
      library = new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = url;
        script.addEventListener('load', () => resolve(dripECharts));
        script.addEventListener('error', () => reject(new Error(`Could not load ${url}`)));
        document.head.append(script);
      });
    }
    return library;
  };

  const DASHES = ['solid', 'dashed', 'dotted', [8, 3, 2, 3], [2, 6], [12, 4]];
  const SHADE = 'rgba(0, 0, 0, 0.25)';
  const DECALS = [
    { symbol: 'none' },
    { color: SHADE, dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4 },
    { color: SHADE, symbol: 'circle', dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], symbolSize: 0.6 },
    { color: SHADE, dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4 },
    { color: SHADE, dashArrayX: [1, 0], dashArrayY: [3, 4] },
    { color: SHADE, symbol: 'rect', dashArrayX: [[5, 5], [0, 5, 5, 0]], dashArrayY: [5, 0] },
  ];
  const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'emptyCircle', 'emptyRect'];

  /** More rows than this, and a line can be zoomed and its points are drawn only under the pointer. */
  const MANY_ROWS = 31;

  /**
   * Draws a chart from the table on the page. The table stays: it is what is read out, printed and shown without
   * JavaScript.
   *
   * Values: `kind` is "bar", "line" or "stacked"; `library` is the address of echarts.min.js; `saveLabel` and
   * `restoreLabel` name the two buttons.
   * A column is a series of the kind in its `data-series-type`, measured in its `data-unit`; two units make two axes.
   * A cell's number is its `data-value`, empty where nothing was measured.
   *
   * @example
   * <figure data-controller="drip-chart" data-drip-chart-kind-value="line"
   *         data-drip-chart-library-value="/static/wagtail_drip/vendor/echarts.min.js">
   *   <div data-drip-chart-target="picture" hidden></div>
   *   <details data-drip-chart-target="numbers" open>
   *     <summary>The numbers</summary>
   *     <table data-drip-chart-target="table">
   *       <caption>Delivered messages</caption>
   *       <thead><tr><th>Day</th><th data-series-type="line">Delivered</th></tr></thead>
   *       <tbody><tr><th>1 May</th><td data-value="1204">1,204</td></tr></tbody>
   *     </table>
   *   </details>
   * </figure>
   */
  class ChartController extends window.StimulusModule.Controller {
    static get targets() {
      return ['picture', 'numbers', 'table'];
    }

    static get values() {
      return {
        kind: { type: String, default: 'bar' },
        library: String,
        saveLabel: { type: String, default: 'Save' },
        restoreLabel: { type: String, default: 'Restore' },
      };
    }

    connect() {
      this.redraw = this.redraw.bind(this);
      this.beforePrint = this.beforePrint.bind(this);
      this.afterPrint = this.afterPrint.bind(this);
      loadLibrary(this.libraryValue).then(
        (echarts) => this.begin(echarts),
        // The table is still open: the numbers are there, only the picture is not.
        (error) => console.error(error),
      );
    }

    begin(echarts) {
      if (!this.element.isConnected || this.chart) return;
      this.pictureTarget.hidden = false;
      this.numbersTarget.open = false;
      this.chart = echarts.init(this.pictureTarget, null, { renderer: 'svg' });
      this.redraw();

      this.sizes = new ResizeObserver(() => {
        this.chart.resize();
        this.chart.setOption({ legend: { width: this.legendWidth() } });
      });
      this.sizes.observe(this.pictureTarget);
      this.themes = new MutationObserver(this.redraw);
      this.themes.observe(document.documentElement, { attributeFilter: ['class', 'dir'] });
      this.dark = window.matchMedia('(prefers-color-scheme: dark)');
      this.dark.addEventListener('change', this.redraw);
      window.addEventListener('beforeprint', this.beforePrint);
      window.addEventListener('afterprint', this.afterPrint);
    }

    disconnect() {
      if (!this.chart) return;
      this.sizes.disconnect();
      this.themes.disconnect();
      this.dark.removeEventListener('change', this.redraw);
      window.removeEventListener('beforeprint', this.beforePrint);
      window.removeEventListener('afterprint', this.afterPrint);
      this.chart.dispose();
      this.chart = null;
      this.pictureTarget.hidden = true;
      this.numbersTarget.open = true;
    }

    /** Paper has no "click to open". */
    beforePrint() {
      this.wasOpen = this.numbersTarget.open;
      this.numbersTarget.open = true;
    }

    afterPrint() {
      this.numbersTarget.open = this.wasOpen;
    }

    redraw() {
      this.chart.setOption(this.option(), { notMerge: true });
    }

    /** What the toolbox leaves of the first line. */
    legendWidth() {
      return Math.max(80, this.pictureTarget.clientWidth - 72);
    }

    /** Reads the table: the rows' names, and for every further column its label, kind, unit and numbers. */
    read() {
      const table = this.tableTarget;
      const heads = Array.from(table.tHead.rows[0].cells);
      const rows = Array.from(table.tBodies[0].rows);
      const number = (cell) => (cell.dataset.value === '' ? null : Number(cell.dataset.value));
      return {
        title: table.caption.textContent.trim(),
        names: rows.map((row) => row.cells[0].textContent.trim()),
        series: heads.slice(1).map((head, index) => ({
          label: head.textContent.trim(),
          type: head.dataset.seriesType || (this.kindValue === 'line' ? 'line' : 'bar'),
          unit: head.dataset.unit || '',
          numbers: rows.map((row) => number(row.cells[index + 1])),
        })),
      };
    }

    option() {
      const { title, names, series } = this.read();
      const style = getComputedStyle(this.element);
      const property = (name) => style.getPropertyValue(name).trim();
      const text = property('--drip-chart-text');
      const muted = property('--drip-chart-muted');
      const line = property('--drip-chart-line');
      const surface = property('--drip-chart-surface');
      const rightToLeft = style.direction === 'rtl';
      const stacked = this.kindValue === 'stacked';
      const hasLines = series.some(({ type }) => type === 'line');
      const manyRows = names.length > MANY_ROWS;
      const units = [...new Set(series.map(({ unit }) => unit))].slice(0, 2);
      const format = new Intl.NumberFormat(document.documentElement.lang || undefined, { maximumFractionDigits: 2 });
      const shown = (value, unit) =>
        value === null || value === undefined || Number.isNaN(value) ? '–' : `${format.format(value)}${unit && unit !== '%' ? ' ' : ''}${unit}`;

      return {
        animation: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
        backgroundColor: 'transparent',
        color: [1, 2, 3, 4, 5, 6].map((number) => property(`--drip-series-${number}`)),
        textStyle: { color: text, fontFamily: style.fontFamily },
        // Shapes for who cannot tell the colours apart; a single series needs none.
        aria: {
          enabled: true,
          label: { description: `${title}. ${series.map(({ label }) => label).join(', ')}.` },
          decal: { show: series.length > 1, decals: DECALS },
        },
        grid: {
          left: 8,
          right: 20,
          top: 56,
          bottom: manyRows ? 56 : 8,
          outerBoundsMode: 'same',
          outerBoundsContain: 'axisLabel',
          // With many names on an inverse axis the library (6.1.0) shrinks the grid to a third: give it room by hand.
          ...(rightToLeft && manyRows ? { outerBoundsMode: 'none', left: 32, right: 64, bottom: 72 } : {}),
        },
        legend: {
          show: series.length > 1,
          type: 'scroll',
          top: 0,
          left: rightToLeft ? 'auto' : 0,
          right: rightToLeft ? 0 : 'auto',
          width: this.legendWidth(),
          align: rightToLeft ? 'right' : 'left',
          itemWidth: 28,
          textStyle: { color: text },
          inactiveColor: muted,
          pageTextStyle: { color: text },
          pageIconColor: text,
          pageIconInactiveColor: line,
        },
        toolbox: {
          top: 0,
          padding: 0,
          itemSize: 16,
          [rightToLeft ? 'left' : 'right']: 0,
          iconStyle: { borderColor: muted },
          emphasis: { iconStyle: { borderColor: text, textFill: text } },
          feature: {
            restore: { show: manyRows, title: this.restoreLabelValue },
            saveAsImage: { title: this.saveLabelValue, name: title, backgroundColor: surface },
          },
        },
        // Drawn in the SVG: as HTML it would need inline styles, which a strict content security policy refuses.
        tooltip: {
          trigger: 'axis',
          renderMode: 'richText',
          confine: true,
          axisPointer: { type: hasLines ? 'line' : 'shadow' },
          backgroundColor: surface,
          borderColor: line,
          textStyle: { color: text },
        },
        xAxis: {
          type: 'category',
          data: names,
          inverse: rightToLeft,
          boundaryGap: series.some(({ type }) => type === 'bar'),
          axisLine: { lineStyle: { color: line } },
          axisTick: { show: false },
          axisLabel: { color: muted, hideOverlap: true },
        },
        yAxis: units.map((unit, index) => ({
          type: 'value',
          position: (index === 1) === rightToLeft ? 'left' : 'right',
          minInterval: unit === '%' ? 0 : 1,
          axisLabel: { color: muted, formatter: (value) => shown(value, unit) },
          splitLine: { show: index === 0, lineStyle: { color: line } },
        })),
        dataZoom: manyRows
          ? [
              // Without a key held down the wheel scrolls the page, as everywhere else.
              { type: 'inside', zoomOnMouseWheel: 'ctrl', moveOnMouseMove: true, moveOnMouseWheel: false },
              { type: 'slider', height: 24, bottom: 8, textStyle: { color: muted }, borderColor: line },
            ]
          : [],
        series: series.map(({ label, type, unit, numbers }, index) => ({
          name: label,
          type,
          data: numbers,
          yAxisIndex: Math.max(0, units.indexOf(unit)),
          stack: stacked && type === 'bar' ? 'all' : undefined,
          barMaxWidth: 48,
          symbol: SYMBOLS[index % SYMBOLS.length],
          symbolSize: 7,
          showSymbol: !manyRows,
          lineStyle: { width: 2, type: DASHES[index % DASHES.length] },
          tooltip: { valueFormatter: (value) => shown(value, unit) },
        })),
      };
    }
  }

  window.wagtail.app.register('drip-chart', ChartController);
})();
