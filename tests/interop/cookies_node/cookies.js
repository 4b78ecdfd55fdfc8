// The other session libraries, each as an application on a port of its own. /set?session=<JSON> puts members into the session,
// {"$date": …} as a Date; /get answers with all of it; /record with what the store holds, /record?text=… replaces it,
// /record?forget=1 empties the store;
// /keys with what the token is signed or encrypted with. `clock` moves the time of all: /?ahead=<ms>. Prints one line of JSON.
"use strict";
const crypto = require("crypto");
const SECRETS = ["cookie library secret, current one", "cookie library secret, the older one"];
const KEY = Buffer.alloc(32, 7);
const NEWER_KEY = Buffer.alloc(32, 9);
const SALT = "salt of this app";
const SALT_BYTES = "AAECAwQFBgcICQoLDA0O/w==";

let ahead = 0;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [RealDate.now() + ahead]));
  }
  static now() {
    return RealDate.now() + ahead;
  }
};

function clock(listen) {
  return listen((req, res) => {
    ahead = Number(queryOf(req).ahead);
    res.end();
  });
}

function queryOf(req) {
  return Object.fromEntries(new URL(req.url, "http://x").searchParams);
}

function given(query) {
  return JSON.parse(query.session, (key, value) => (value && value.$date ? new Date(value.$date) : value));
}

function keepingText() {
  const records = new Map();
  const answer = (query) => {
    if (query.forget) records.clear();
    for (const key of records.keys()) if (query.text) records.set(key, query.text);
    return [...records.values()].join("\n");
  };
  return { records, answer };
}

function express(listen, library) {
  const app = require("express")();
  app.use(require(library)({ keys: SECRETS }));
  app.get("/set", (req, res) => {
    Object.assign(req.session, given(queryOf(req)));
    res.send("set");
  });
  app.get("/get", (req, res) => res.json(req.session));
  return listen(app);
}

// What res.cookie makes of an object, signed with the secret that cookie-parser would have put there.
function resCookie(listen) {
  const app = require("express")();
  app.get("/set", (req, res) => {
    req.secret = SECRETS[0];
    res.cookie("data", given(queryOf(req)), { signed: true });
    res.send("set");
  });
  return listen(app);
}

function koa(listen, store, framework = "koa", library = "koa-session", keys = SECRETS) {
  const Koa = require(framework);
  const koaSession = require(library);
  const app = new Koa();
  app.keys = keys;
  const { records, answer } = keepingText();
  const external = {
    get: (key) => (records.has(key) ? JSON.parse(records.get(key)) : undefined),
    set: (key, value) => records.set(key, JSON.stringify(value)),
    destroy: (key) => records.delete(key),
  };
  const create = koaSession.createSession || koaSession.default || koaSession;
  app.use((context, next) => {
    if (context.path !== "/record") return next();
    context.body = answer(queryOf(context.req));
  });
  app.use(create(store ? { store: external } : {}, app));
  app.use((context) => {
    if (context.path === "/set") Object.assign(context.session, given(queryOf(context.req)));
    context.body = context.session.toJSON();
  });
  return listen(app.callback());
}

async function fastify(plugins, framework = "fastify", answer = null) {
  const app = require(framework)();
  // Before the session's own hooks: asking for the record must not make or save one.
  app.addHook("onRequest", async (request, reply) => {
    if (answer && request.url.startsWith("/record")) return reply.send(answer(queryOf(request.raw)));
  });
  for (const [plugin, options] of plugins) await app.register(require(plugin), options);
  app.get("/set", async (request) => {
    for (const [key, value] of Object.entries(given(queryOf(request.raw)))) request.session.set(key, value);
    return "set";
  });
  app.get("/get", async (request) => {
    const { cookie, __ts, ...own } = request.session.data ? request.session.data() : request.session;
    return own;
  });
  app.get("/record", async () => "");
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}

function fastifySession(cookiePlugin, plugin, framework, more = {}) {
  const { records, answer } = keepingText();
  const store = {
    get: (key, back) => back(null, records.has(key) ? JSON.parse(records.get(key)) : undefined),
    set: (key, session, back) => back(null, void records.set(key, JSON.stringify(session))),
    destroy: (key, back) => back(null, void records.delete(key)),
  };
  const options = { secret: SECRETS, cookie: { path: "/", secure: false }, store, ...more };
  return fastify([[cookiePlugin, {}], [plugin, options]], framework, answer);
}

function iron(listen, library, password = SECRETS[0], ttl = 1209600) {
  const options = { password, cookieName: "app", cookieOptions: { secure: false }, ttl };
  return listen(async (req, res) => {
    const { getIronSession } = await import(library);
    const session = await getIronSession(req, res, options);
    if (req.url.startsWith("/set")) {
      Object.assign(session, given(queryOf(req)));
      await session.save();
    }
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify(session));
  });
}

async function token(listen, header, ownKey) {
  const { SignJWT, jwtVerify, EncryptJWT, jwtDecrypt } = await import("jose");
  const kinds = { RS: ["rsa", { modulusLength: 2048 }], PS: ["rsa", { modulusLength: 2048 }], ES: ["ec", { namedCurve: "P-256" }], Ed: ["ed25519"] };
  const kind = kinds[header.alg.slice(0, 2)];
  const pair = kind ? crypto.generateKeyPairSync(...kind) : { privateKey: ownKey, publicKey: ownKey };
  const pem = kind ? [pair.publicKey.export({ type: "spki", format: "pem" }), pair.privateKey.export({ type: "pkcs8", format: "pem" })] : [];
  const read = async (text) => (header.enc ? await jwtDecrypt(text, pair.privateKey) : await jwtVerify(text, pair.publicKey)).payload;
  const make = (claims) =>
    header.enc
      ? new EncryptJWT(claims).setProtectedHeader(header).setExpirationTime("2h").encrypt(pair.publicKey)
      : new SignJWT(claims).setProtectedHeader(header).setExpirationTime("2h").sign(pair.privateKey);
  return listen(async (req, res) => {
    if (req.url === "/keys") return res.end(JSON.stringify(pem));
    if (req.url.startsWith("/set")) {
      res.setHeader("Set-Cookie", `token=${await make(given(queryOf(req)))}; Path=/`);
      return res.end("set");
    }
    const found = /token=([^;]+)/.exec(req.headers.cookie || "");
    const { exp, ...own } = found ? await read(found[1]).catch(() => ({})) : {};
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify(own));
  });
}

function listen(handler) {
  return new Promise((done) => {
    const server = require("http").createServer(async (req, res) => {
      try {
        await handler(req, res);
      } catch (error) {
        res.statusCode = 500;
        res.end(String(error));
      }
    });
    server.keepAliveTimeout = 600000;
    server.listen(0, "127.0.0.1", () => done(server.address().port));
  });
}

async function main() {
  const cookie = { path: "/", secure: false };
  const signed = { ...cookie, signed: true };
  const secret = new TextEncoder().encode(SECRETS[0]);
  console.log(
    JSON.stringify({
      clock: await clock(listen),
      "cookie-session": await express(listen, "cookie-session"),
      "cookie-session 1": await express(listen, "cookie-session-1"),
      "res-cookie": await resCookie(listen),
      "koa-session": await koa(listen, false),
      "koa-session store": await koa(listen, true),
      "koa-session keygrip": await koa(listen, false, "koa", "koa-session", new (require("keygrip"))(SECRETS, "sha256", "hex")),
      "koa-session 5": await koa(listen, false, "koa-2", "koa-session-5"),
      "koa-session 5 store": await koa(listen, true, "koa-2", "koa-session-5"),
      "fastify-session": await fastifySession("@fastify/cookie", "@fastify/session"),
      "fastify-session 10": await fastifySession("fastify-cookie-9", "fastify-session-10", "fastify-4"),
      "fastify-session sha512": await fastifySession("@fastify/cookie", "@fastify/session", "fastify", { algorithm: "sha512" }),
      "fastify-session as express": await fastifySession("@fastify/cookie", "@fastify/session", "fastify", {
        cookieName: "connect.sid",
        cookiePrefix: "s:",
      }),
      "secure-session": await fastify([["@fastify/secure-session", { key: KEY, cookie }]]),
      "secure-session 7": await fastify([["fastify-secure-session-7", { key: KEY, cookie }]], "fastify-4"),
      "secure-session secret": await fastify([["@fastify/secure-session", { secret: SECRETS[0], cookie }]]),
      "secure-session salt": await fastify([["@fastify/secure-session", { secret: SECRETS[0], salt: SALT, cookie }]]),
      "secure-session salt buffer": await fastify([
        ["@fastify/secure-session", { secret: SECRETS[1], salt: Buffer.from(SALT_BYTES, "base64"), cookie }],
      ]),
      "secure-session keys": await fastify([["@fastify/secure-session", { key: [NEWER_KEY.toString("base64"), KEY], cookie }]]),
      "secure-session signed": await fastify([["@fastify/secure-session", { key: KEY, cookie: signed }]]),
      "secure-session signed secret": await fastify([["@fastify/secure-session", { secret: SECRETS[0], cookie: signed }]]),
      "secure-session signed keys": await fastify([["@fastify/secure-session", { key: [NEWER_KEY, KEY], cookie: signed }]]),
      "secure-session signed cookie": await fastify([
        ["@fastify/cookie", { secret: SECRETS[1], algorithm: "sha512" }],
        ["@fastify/secure-session", { key: KEY, cookie: signed }],
      ]),
      "iron-session": await iron(listen, "iron-session"),
      "iron-session 6": await iron(listen, "iron-session-6"),
      "iron-session passwords": await iron(listen, "iron-session", { 1: SECRETS[1], 2: SECRETS[0] }),
      "iron-session 6 passwords": await iron(listen, "iron-session-6", { 1: SECRETS[1], 2: SECRETS[0] }),
      "iron-session no end": await iron(listen, "iron-session", SECRETS[0], 0),
      jwt: await token(listen, { alg: "HS256" }, secret),
      "jwt HS512": await token(listen, { alg: "HS512", typ: "JWT", kid: "k1" }, secret),
      "jwt RS256": await token(listen, { alg: "RS256" }),
      "jwt PS384": await token(listen, { alg: "PS384" }),
      "jwt ES256": await token(listen, { alg: "ES256" }),
      "jwt EdDSA": await token(listen, { alg: "EdDSA" }),
      "jwt Ed25519": await token(listen, { alg: "Ed25519" }),
      jwe: await token(listen, { alg: "dir", enc: "A256GCM" }, KEY),
      "jwe CBC": await token(listen, { alg: "dir", enc: "A128CBC-HS256" }, KEY),
      "jwe wrapped": await token(listen, { alg: "A256KW", enc: "A256CBC-HS512" }, KEY),
      "jwe GCM wrapped": await token(listen, { alg: "A256GCMKW", enc: "A128GCM" }, KEY),
    }),
  );
}
main();
