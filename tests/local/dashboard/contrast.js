// Every text on the page whose contrast with what is behind it is less than WCAG 2.2 AA asks for (1.4.3).
() => {
  const parse = (text) => {
    const n = text.match(/[\d.]+/g).map(Number);
    const unit = text.startsWith("color(") ? 255 : 1;
    return [n[0] * unit, n[1] * unit, n[2] * unit, n[3] ?? 1];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const part = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
    return layers.reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
    if (!own || !element.checkVisibility() || element.closest("noscript, .unseen, .skip, [disabled]")) continue;
    const style = getComputedStyle(element);
    const under = behind(element);
    const text = parse(style.color);
    text[3] *= Number(style.opacity);
    const [high, low] = [light(over(text, under)), light(under)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (large ? 3 : 4.5)) found.push(`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
  }
  return found;
}
