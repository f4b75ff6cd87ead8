// What was typed and not saved, kept in this tab: a lost connection, a reload or the browser's back button loses nothing.
export function keeper(key) {
  return {
    // fields: name to { mine, base }, the values typed and those that they were based on.
    keep(fields) {
      try {
        if (Object.keys(fields).length) sessionStorage.setItem(key, JSON.stringify(fields));
        else sessionStorage.removeItem(key);
      } catch {
        // Private windows may refuse; the page still asks before it is left.
      }
    },
    recall() {
      try {
        return JSON.parse(sessionStorage.getItem(key) ?? "{}");
      } catch {
        return {};
      }
    },
  };
}
