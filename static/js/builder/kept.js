// Keeps unsaved fields in the tab's storage, so that a lost connection, a reload or the back button loses nothing.
export function keeper(key) {
  return {
    // fields: name to { mine, base }, the typed values and the saved ones they were based on.
    keep(fields) {
      try {
        if (Object.keys(fields).length) sessionStorage.setItem(key, JSON.stringify(fields));
        else sessionStorage.removeItem(key);
      } catch {
        // Storage may be blocked; the page still asks before it is left.
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
