// How often and how long a reader waits before it connects again.
export const TRIES = 14;
const FIRST_MS = 400;
const LONGEST_MS = 5000;

// Milliseconds before the next try, after `tries` failures in a row.
export function retryDelay(tries) {
  return Math.min(FIRST_MS * 2 ** tries, LONGEST_MS);
}

// Signed out, deleted or no longer allowed: a retry cannot succeed.
export function isFinalRefusal(status) {
  return [401, 403, 404, 410].includes(status);
}
