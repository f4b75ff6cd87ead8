// form[data-upload]: uploads files as soon as they are chosen and shows progress and result of each. The form's data-*
// attributes hold the texts and the size limit. [data-knowledge-list] reloads itself after each upload.
import { each } from "../ready.js";

const AT_ONCE = 2;

each("form[data-upload]", (form) => {
  const words = form.dataset;
  const input = form.querySelector('input[type="file"]');
  const list = form.querySelector("[data-upload-list]");
  const waiting = [];
  let running = 0;

  form.querySelector("[data-upload-button]").hidden = true;
  input.addEventListener("change", () => {
    for (const file of [...input.files]) add(file);
    input.value = "";
    input.dispatchEvent(new Event("upload:taken"));
    form.querySelector("[data-file-names]")?.replaceChildren();
  });
  addEventListener("beforeunload", (event) => (running || waiting.length) && event.preventDefault());

  function add(file) {
    const row = newRow(file);
    list.append(row.item);
    if (!file.size) return row.fail(words.uploadEmpty, false);
    if (file.size > Number(words.uploadBytes)) return row.fail(words.uploadBig, false);
    queue(file, row);
  }

  function queue(file, row) {
    row.say(words.uploadQueued);
    waiting.push({ file, row });
    next();
  }

  function next() {
    while (running < AT_ONCE && waiting.length) send(waiting.shift());
  }

  function send({ file, row }) {
    running += 1;
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.set("file", file, file.name);
    request.open("POST", form.getAttribute("action") ?? location.pathname);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) row.progress(event.loaded / event.total);
      row.say(event.loaded < event.total ? words.uploadSending : words.uploadSent);
    });
    request.addEventListener("load", () => {
      if (request.status === 200) row.fail(request.response?.note ?? words.uploadTwice, false);
      else if (request.status === 201 && isListed(request.response?.id)) row.fail(words.uploadTwice, false);
      else if (request.status === 201) row.item.remove();
      else row.fail(request.response?.error?.message ?? (request.status === 413 ? words.uploadBig : words.uploadBroken), request.status >= 500);
    });
    request.addEventListener("error", () => row.fail(words.uploadBroken, true));
    request.addEventListener("abort", () => row.item.remove());
    request.addEventListener("loadend", () => {
      running -= 1;
      refresh();
      next();
    });
    row.cancel = () => request.abort();
    request.send(body);
  }

  function newRow(file) {
    const item = make("li", "upload");
    const name = item.appendChild(make("bdi", "upload__name", file.name));
    const note = item.appendChild(make("span", "upload__note"));
    const bar = item.appendChild(make("progress", "bar bar--slim"));
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    const button = item.appendChild(make("button", "upload__button", "×"));
    button.type = "button";
    button.setAttribute("aria-label", `${words.uploadCancel}: ${file.name}`);
    const row = {
      item,
      cancel: null,
      say: (text) => note.textContent !== text && (note.textContent = text),
      progress: (share) => (bar.value = share),
      fail(text, mayRetry) {
        item.classList.add("upload--failed");
        bar.remove();
        row.say(text);
        button.setAttribute("aria-label", `${words.uploadDismiss}: ${file.name}`);
        row.cancel = () => item.remove();
        if (!mayRetry) return;
        const again = item.appendChild(make("button", "button button--small upload__again", words.uploadAgain));
        again.type = "button";
        again.addEventListener("click", () => {
          const fresh = newRow(file);
          item.replaceWith(fresh.item);
          queue(file, fresh);
        });
      },
    };
    name.title = file.name;
    button.addEventListener("click", () => {
      const place = waiting.findIndex((entry) => entry.row === row);
      if (place >= 0) {
        waiting.splice(place, 1);
        item.remove();
      } else row.cancel?.();
      input.focus();
    });
    return row;
  }
});

function make(kind, className, text = "") {
  return Object.assign(document.createElement(kind), { className, textContent: text });
}

// Uploading the same content twice returns the existing file, which is in the list already.
function isListed(id) {
  return Boolean(id && document.querySelector(`[data-knowledge-list] a[href$="/knowledge/${Number(id)}"]`));
}

function refresh() {
  const list = document.querySelector("[data-knowledge-list]");
  if (list) globalThis.htmx?.trigger(list, "knowledge:changed");
}
