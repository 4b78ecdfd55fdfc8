// The other session libraries, each as an application with /set?value=… and /get on a port of its own. Prints one line of JSON.
"use strict";
const SECRETS = ["cookie library secret, current one", "cookie library secret, the older one"];
const KEY = Buffer.alloc(32, 7);
const NEWER_KEY = Buffer.alloc(32, 9);
const SALT = "salt of this app";
const SALT_BYTES = "AAECAwQFBgcICQoLDA0O/w==";

function express(listen, library) {
  const app = require("express")();
  app.use(require(library)({ keys: SECRETS }));
  app.get("/set", (req, res) => {
    req.session.value = req.query.value;
    res.send("set");
  });
  app.get("/get", (req, res) => res.json({ value: req.session.value || null, added: req.session.added || null }));
  return listen(app);
}

function koa(listen, store, framework = "koa", library = "koa-session") {
  const Koa = require(framework);
  const koaSession = require(library);
  const app = new Koa();
  app.keys = SECRETS;
  const records = new Map();
  const external = { get: (key) => records.get(key), set: (key, value) => records.set(key, value), destroy: (key) => records.delete(key) };
  const create = koaSession.createSession || koaSession.default || koaSession;
  app.use(create(store ? { store: external } : {}, app));
  app.use((context) => {
    if (context.path === "/set") {
      context.session.value = context.query.value;
      context.body = "set";
    } else {
      context.body = { value: context.session.value || null, added: context.session.added || null };
    }
  });
  return listen(app.callback());
}

async function fastify(plugins, framework = "fastify") {
  const app = require(framework)();
  for (const [plugin, options] of plugins) await app.register(require(plugin), options);
  const read = (request, name) => (request.session.get ? request.session.get(name) : request.session[name]) || null;
  app.get("/set", async (request) => {
    if (request.session.set) request.session.set("value", request.query.value);
    else request.session.value = request.query.value;
    return "set";
  });
  app.get("/get", async (request) => ({ value: read(request, "value"), added: read(request, "added") }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}

function iron(listen, library) {
  const options = { password: SECRETS[0], cookieName: "app", cookieOptions: { secure: false } };
  return listen(async (req, res) => {
    const { getIronSession } = await import(library);
    const session = await getIronSession(req, res, options);
    const url = new URL(req.url, "http://x");
    if (url.pathname === "/set") {
      session.value = url.searchParams.get("value");
      await session.save();
      return res.end("set");
    }
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify({ value: session.value || null, added: session.added || null }));
  });
}

async function jose(listen, isEncrypted) {
  const { SignJWT, jwtVerify, EncryptJWT, jwtDecrypt } = await import("jose");
  const secret = new TextEncoder().encode(SECRETS[0]);
  const read = async (token) => (isEncrypted ? await jwtDecrypt(token, KEY) : await jwtVerify(token, secret)).payload;
  const make = (claims) =>
    isEncrypted
      ? new EncryptJWT(claims).setProtectedHeader({ alg: "dir", enc: "A256GCM" }).setExpirationTime("2h").encrypt(KEY)
      : new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime("2h").sign(secret);
  return listen(async (req, res) => {
    const url = new URL(req.url, "http://x");
    if (url.pathname === "/set") {
      res.setHeader("Set-Cookie", `token=${await make({ value: url.searchParams.get("value") })}; Path=/`);
      return res.end("set");
    }
    const found = /token=([^;]+)/.exec(req.headers.cookie || "");
    const payload = found ? await read(found[1]).catch(() => ({})) : {};
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify({ value: payload.value || null, added: payload.added || null }));
  });
}

function listen(handler) {
  return new Promise((done) => {
    const server = require("http").createServer(handler);
    server.listen(0, "127.0.0.1", () => done(server.address().port));
  });
}

async function main() {
  const cookie = { path: "/", secure: false };
  const signed = { ...cookie, signed: true };
  console.log(
    JSON.stringify({
      "cookie-session": await express(listen, "cookie-session"),
      "cookie-session 1": await express(listen, "cookie-session-1"),
      "koa-session": await koa(listen, false),
      "koa-session store": await koa(listen, true),
      "koa-session 5": await koa(listen, false, "koa-2", "koa-session-5"),
      "koa-session 5 store": await koa(listen, true, "koa-2", "koa-session-5"),
      "fastify-session": await fastify([
        ["@fastify/cookie", {}],
        ["@fastify/session", { secret: SECRETS, cookie }],
      ]),
      "fastify-session 10": await fastify(
        [
          ["fastify-cookie-9", {}],
          ["fastify-session-10", { secret: SECRETS, cookie }],
        ],
        "fastify-4",
      ),
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
      jwt: await jose(listen, false),
      jwe: await jose(listen, true),
    }),
  );
}
main();
