// Entry of every page. Each module attaches itself to data-* attributes, also in content that htmx swaps in.
import "./composing.js";
import "./theme.js";
import "./menu.js";
import "./menu_filter.js";
import "./dialog.js";
import "./toast.js";
import "./counter.js";
import "./copy.js";
import "./tabs.js";
import "./hotkeys.js";
import "./forms.js";
import "./textarea.js";
import "./files.js";
import "./time.js";
import "./toggle.js";
import "./reveal.js";
import "./suggestions.js";
