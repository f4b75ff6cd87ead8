// Entry of every page: each module attaches itself by data-* attributes and survives htmx swaps by delegation.
import "./theme.js";
import "./menu.js";
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
