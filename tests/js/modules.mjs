// `node --import` of the tests: static/js holds ES modules under the name .js, without a package.json that says so.
import { register } from "node:module";

const hooks = `
export async function load(url, context, next) {
  return next(url, url.includes("/static/js/") ? { ...context, format: "module" } : context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
