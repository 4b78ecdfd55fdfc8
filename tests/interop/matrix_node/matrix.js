// One version of one session store, driven by lines of JSON: {op, sid, session} in, {value} or {error} out.
// The first argument says which: {store, kruptein?, mongodb?, redis?, url | folder, options, connection}.
"use strict";
const Module = require("module");
const readline = require("readline");

const config = JSON.parse(process.argv[2]);
const aliases = { kruptein: config.kruptein, mongodb: config.mongodb };
const resolve = Module._resolveFilename;
// npm gives each package one version of its dependencies; here the version under test is put in its place.
Module._resolveFilename = function (request, ...rest) {
  return resolve.call(this, aliases[request] || request, ...rest);
};
const session = require(config.session || "express-session");

const SERIALIZERS = {
  base64: {
    stringify: (value) => Buffer.from(JSON.stringify(value)).toString("base64"),
    parse: (text) => JSON.parse(Buffer.from(text, "base64").toString()),
  },
  gzip: {
    stringify: (value) => require("zlib").gzipSync(JSON.stringify(value)).toString("base64"),
    parse: (text) => JSON.parse(require("zlib").gunzipSync(Buffer.from(text, "base64")).toString()),
  },
  pretty: { stringify: (value) => JSON.stringify(value, null, 2), parse: JSON.parse },
  twice: { stringify: (value) => JSON.stringify(JSON.stringify(value)), parse: (text) => JSON.parse(JSON.parse(text)) },
};

async function redisClient() {
  const port = Number(new URL(config.url).port);
  if (config.client === "ioredis") return new (require("ioredis"))(config.url);
  const redis = require(config.client);
  if (["redis-2", "redis-3"].includes(config.client)) return redis.createClient(port);
  const client = redis.createClient({ url: config.url, legacyMode: config.legacy || false });
  await client.connect();
  return client;
}

async function openRedis() {
  const made = require(config.store);
  const client = await redisClient();
  const options = { client, ...config.options };
  if (config.serializer) options.serializer = SERIALIZERS[config.serializer];
  // Up to 6 a function of the session module, 7 a default export, from 8 on a named one.
  if (typeof made === "function") return new (made(session))(options);
  const Store = made.RedisStore || made.default;
  return new Store(options);
}

function openMongo() {
  const made = require(config.store);
  if (config.store === "connect-mongodb-session-5") {
    return new (made(session))({ uri: config.url, collection: "sessions", ...config.options });
  }
  const options = { ...config.options };
  if (config.serializer) {
    options.serialize = SERIALIZERS[config.serializer].stringify;
    options.unserialize = SERIALIZERS[config.serializer].parse;
  }
  if (config.transform) options.transformId = (id) => config.transform + id;
  if (config.store === "connect-mongo-3") {
    const connection = { useNewUrlParser: true, useUnifiedTopology: true };
    return new (made(session))({ url: config.url, mongoOptions: connection, ...options });
  }
  const MongoStore = made.MongoStore || made.default || made;
  if (config.web) options.cryptoAdapter = made.createWebCryptoAdapter(config.web);
  return MongoStore.create({ mongoUrl: config.url, ...options });
}

function openFiles() {
  const options = { path: config.folder, logFn: () => {}, reapInterval: -1, retries: 0, ...config.options };
  if (config.serializer) {
    options.encoder = SERIALIZERS[config.serializer].stringify;
    options.decoder = SERIALIZERS[config.serializer].parse;
  }
  return new (require(config.store)(session))(options);
}

function withCookie(data) {
  const cookie = new session.Cookie({ maxAge: 3600000 });
  return Object.assign({ cookie }, data);
}

function call(store, name, ...rest) {
  return new Promise((done, failed) => store[name](...rest, (error, value) => (error ? failed(error) : done(value))));
}

async function answer(store, line) {
  if (line.op === "set") return call(store, "set", line.sid, withCookie(line.session));
  if (line.op === "get") return (await call(store, "get", line.sid)) || null;
  if (line.op === "touch") {
    if (!store.touch) return null; // connect-mongodb-session has none
    const found = await call(store, "get", line.sid);
    const cookie = new session.Cookie({ maxAge: 3600000 });
    return call(store, "touch", line.sid, Object.assign({}, found, { cookie }));
  }
  return call(store, line.op, line.sid);
}

function openStore() {
  return { redis: openRedis, mongo: openMongo, file: openFiles }[config.kind]();
}

async function main() {
  const store = await openStore();
  console.log(JSON.stringify({ value: "ready" }));
  for await (const text of readline.createInterface({ input: process.stdin })) {
    try {
      const value = await answer(store, JSON.parse(text));
      console.log(JSON.stringify({ value: value === undefined ? null : value }));
    } catch (error) {
      console.log(JSON.stringify({ error: String((error && error.message) || error) }));
    }
  }
  process.exit(0);
}

if (require.main === module) {
  process.on("uncaughtException", (error) => {
    console.log(JSON.stringify({ error: "uncaught: " + error.message }));
  });
  main();
}
module.exports = { openStore, session };
