// Every version of kruptein by itself, driven by lines of JSON: {version, options, secret, op, text} in, {value} or {error} out.
// A new instance each time, as after a restart: 3.2 and 3.3 remember the first key of a process.
"use strict";
const readline = require("readline");

function run(line) {
  return new Promise((done, failed) => {
    const cipher = require(`kruptein-${line.version}`)(line.options);
    const back = (error, value) => (error ? failed(new Error(String(error))) : done(value));
    const answer = cipher[line.op](line.secret, line.text, back);
    if (answer && answer.then) answer.then(() => {}, failed);
  });
}

async function main() {
  console.log(JSON.stringify({ value: "ready" }));
  for await (const text of readline.createInterface({ input: process.stdin })) {
    try {
      console.log(JSON.stringify({ value: await run(JSON.parse(text)) }));
    } catch (error) {
      console.log(JSON.stringify({ error: String((error && error.message) || error) }));
    }
  }
}

process.on("uncaughtException", (error) => console.log(JSON.stringify({ error: "uncaught: " + error.message })));
main();
