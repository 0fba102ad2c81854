// Reads formulas, a JSON list of [place, LaTeX, displayed] on standard input; prints what KaTeX says against them, a line each.
import { readFileSync } from "node:fs";
import katex from "katex";

const formulas = JSON.parse(readFileSync(0, "utf8"));
const refused = formulas.flatMap(([place, latex, displayMode]) => {
  try {
    katex.renderToString(latex, { displayMode, throwOnError: true, strict: "error", trust: false });
    return [];
  } catch (error) {
    return [`${place}: ${error.message}`];
  }
});
refused.forEach((line) => console.log(line));
console.log(`${formulas.length} formulas, ${refused.length} refused`);
process.exitCode = formulas.length > 0 && refused.length === 0 ? 0 : 1;
