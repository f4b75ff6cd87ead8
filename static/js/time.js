// time[data-relative] keeps telling the truth while the page stays open; the words come from the browser in the page's language.
const STEPS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always" });
// Chinese from the server has a space after figures, the browser's has none.
const spaced = (text) => text.replace(/(\d)(?=\p{Script=Han})/u, "$1 ");

function refresh() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const seconds = (Date.parse(element.dateTime) - Date.now()) / 1000;
    const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
    if (step) element.textContent = spaced(words.format(Math.trunc(seconds / step[1]), step[0]));
  }
}

setInterval(() => document.visibilityState === "visible" && refresh(), 60000);
