// A real Express application with the guide's pages, on the store its first argument (JSON) names. Prints its port.
"use strict";
const express = require("express");
const session = require("express-session");

async function openStore(config) {
  if (config.store === "redis") {
    const { createClient } = require("redis");
    const { RedisStore } = require("connect-redis");
    const client = createClient({ url: config.url });
    await client.connect();
    return new RedisStore({ client, prefix: config.prefix || "sess:", ...config.storeOptions });
  }
  if (config.store === "mongo") {
    const { MongoStore } = require("connect-mongo");
    return MongoStore.create({ mongoUrl: config.url, collectionName: "sessions", ...config.storeOptions });
  }
  if (config.store === "sql") return require("../sql_node/stores").openStore();
  const FileStore = require("session-file-store")(session);
  return new FileStore({ path: config.folder, logFn: () => {}, reapInterval: -1, ...config.storeOptions });
}

async function main(config) {
  const store = await openStore(config);
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  app.use(
    session({
      secret: config.secret,
      resave: false,
      saveUninitialized: false,
      store,
      cookie: { maxAge: 3600000 },
      ...config.options,
    }),
  );
  app.get("/", (req, res) => res.send("demo"));
  app.get("/set", (req, res) => {
    req.session.username = req.query.username || "ada";
    req.session.lastVisit = new Date();
    res.send("set");
  });
  app.get("/get", (req, res) => res.json(req.session));
  app.get("/delete", (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.send("destroyed"))));
  app.get("/logout", (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.redirect("/"))));
  app.post("/login", (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.user = { id: Number(req.body.userId), username: req.body.username, role: req.body.role };
      req.session.save((failed) => (failed ? next(failed) : res.redirect("/dashboard")));
    });
  });
  app.get("/dashboard", (req, res) =>
    req.session.user ? res.send(`Welcome ${req.session.user.username}`) : res.redirect("/login"),
  );
  app.post("/add-to-cart", (req, res) => {
    req.session.cart = [...(req.session.cart || []), req.body.item];
    res.json(req.session.cart);
  });
  app.get("/cart", (req, res) => res.json(req.session.cart || []));
  // One write a request, which answers with what it has counted: a lost write shows as a number that comes twice.
  // `hold`: so many milliseconds lie between the load of the session and its save.
  app.get("/tick", (req, res) => {
    req.session.ticks = (req.session.ticks || 0) + 1;
    setTimeout(() => res.json(req.session.ticks), Number(req.query.hold || 0));
  });
  app.use((error, req, res, next) => res.status(500).send(String(error.message)));
  const server = app.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
