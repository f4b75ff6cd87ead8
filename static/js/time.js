// time[data-relative]: updates relative times while the page stays open, with the browser's words in the page's language.
const STEPS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always" });
// The server writes a space between figures and Chinese, the browser does not.
const spaced = (text) => text.replace(/(\d)(?=\p{Script=Han})/u, "$1 ");

function refresh() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const seconds = (Date.parse(element.dateTime) - Date.now()) / 1000;
    const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
    if (step) element.textContent = spaced(words.format(Math.trunc(seconds / step[1]), step[0]));
  }
}

setInterval(() => document.visibilityState === "visible" && refresh(), 60000);
