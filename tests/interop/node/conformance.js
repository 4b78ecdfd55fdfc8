// The demo's pages under the real express-session, with options that are set anew by POST /__options. Prints its port.
"use strict";
const express = require("express");
const session = require("express-session");

const config = JSON.parse(process.argv[2]);
const LIMIT = 200;
let current = null;
let redis = null;
let sql = null;

async function openStore(place) {
  if (place.library) return (sql ||= await require("../sql_node/stores").openStore());
  if (place.folder) {
    const FileStore = require("session-file-store")(session);
    return new FileStore({ path: place.folder, logFn: () => {}, reapInterval: -1, retries: 0 });
  }
  const { RedisStore } = require("connect-redis");
  if (!redis) {
    redis = require("redis").createClient({ url: config.url });
    await redis.connect();
  }
  return new RedisStore({ client: redis, prefix: place.prefix });
}

const text = (value) => String(value === undefined ? "" : value).trim().slice(0, LIMIT);
const pages = {
  "/": (req, res) => res.send("index"),
  "/set": (req, res) => {
    req.session.username = String(req.query.username === undefined ? "ada" : req.query.username).slice(0, LIMIT);
    req.session.lastVisit = new Date().toISOString();
    res.send("set");
  },
  "/get": (req, res) => res.json(req.session),
  "/delete": (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.send("destroyed"))),
  "/login": (req, res, next) => {
    if (req.method !== "POST") return res.send("form");
    const [id, username] = [text(req.body.userId), text(req.body.username)];
    if (!id || !username) return res.status(400).send("missing");
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.user = { id: /^\d{1,15}$/.test(id) ? Number(id) : id, username, role: text(req.body.role || "user") || "user" };
      req.session.lastVisit = new Date().toISOString();
      res.redirect("/dashboard");
    });
  },
  "/dashboard": (req, res) => (req.session.user ? res.send("welcome") : res.redirect("/login")),
  "/add-to-cart": (req, res) => {
    if (req.method !== "POST") return res.send("form");
    const item = text(req.body.item);
    if (!item) return res.status(400).send("missing");
    req.session.cart = [...(req.session.cart || []), item];
    res.send("added");
  },
  "/cart": (req, res) => res.send("cart"),
  "/logout": (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.redirect("/"))),
};
const forms = ["/login", "/add-to-cart"];

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.post("/__options", express.json(), async (req, res) => {
  const options = req.body.options;
  if (options.cookie.expires) options.cookie.expires = new Date(options.cookie.expires);
  current = session({ ...options, store: await openStore(req.body.place) });
  res.send("ok");
});
app.use(express.urlencoded({ extended: false }));
app.use((req, res, next) => {
  // The demo turns these away before its session middleware.
  if (!Object.hasOwn(pages, req.path)) return res.status(404).send("not found");
  const allowed = ["GET", "HEAD", ...(forms.includes(req.path) ? ["POST"] : [])];
  return allowed.includes(req.method) ? next() : res.status(405).send("not allowed");
});
app.use((req, res, next) => current(req, res, next));
app.use((req, res, next) => (req.session ? pages[req.path](req, res, next) : res.send("no session")));
app.use((error, req, res, next) => (res.headersSent ? next(error) : res.status(500).send("failed")));
const server = app.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
