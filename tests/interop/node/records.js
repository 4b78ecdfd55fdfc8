// An Express application over any of the stores under test, which says of each request what became of the session asked for.
// The first argument is what matrix.js or sqlite.js takes, with `opener`, the path of one of them, and `secret`. Prints its port.
"use strict";
const express = require("express");

const config = JSON.parse(process.argv[2]);
const { openStore, session } = require(config.opener);

async function main() {
  const store = config.memory ? new session.MemoryStore() : await openStore();
  const app = express();
  if (config.memory) {
    // The texts of MemoryStore are its own: they are put there through its one door.
    app.post("/put/:sid", express.raw({ type: "*/*" }), (req, res) => {
      store.sessions[req.params.sid] = Buffer.from(req.body).toString();
      res.end("put");
    });
  }
  app.get("/alive", (req, res) => res.end("alive"));
  app.use((req, res, next) => {
    // connect-typeorm says "disconnect" after any error, and no request is asked for its session from then on.
    if (!config.staysAway) store.emit("connect");
    next();
  });
  app.use(session({ secret: config.secret, resave: false, saveUninitialized: false, store, cookie: { maxAge: 3600000 } }));
  app.get("/look/:sid", (req, res) => {
    res.setHeader("Content-Type", "text/plain");
    res.end(req.sessionID === req.params.sid ? "found" : "new session");
  });
  app.use((error, req, res, next) => {
    if (res.headersSent) return; // too late for the visitor to notice
    res.statusCode = 500;
    // express-session answers false where an earlier attempt to end the response threw: nothing ends it any more.
    if (res.end(String(error.message)) === false && !res.writableEnded) {
      req.socket.end("HTTP/1.1 299 hangs\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
  });
  const server = app.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
