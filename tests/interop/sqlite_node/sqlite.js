// The three SQLite session stores over Node's own node:sqlite, driven by lines of JSON: {op, sid, session} in, {value} or {error} out.
//
// Stand-ins: the drivers `sqlite3` and `better-sqlite3` are compiled on installation or fetched from GitHub, which a bare machine
// behind a package mirror cannot do. The two small classes below give the parts of their interfaces that the stores use.
"use strict";
const Module = require("module");
const readline = require("readline");
const { DatabaseSync } = require("node:sqlite");
const session = require("express-session");

const config = JSON.parse(process.argv[2]);

class Sqlite3StandIn {
  constructor(path) {
    this.database = new DatabaseSync(path);
  }
  exec(sql, done) {
    this.database.exec(sql);
    process.nextTick(done, null);
  }
  get(sql, values, done) {
    process.nextTick(done, null, this.database.prepare(sql).get(...values));
  }
  all(sql, values, done = () => {}) {
    process.nextTick(done, null, this.database.prepare(sql).all(...values));
  }
  run(sql, values, done = () => {}) {
    this.database.prepare(sql).run(...values);
    process.nextTick(done, null);
  }
}

class BetterSqlite3StandIn {
  constructor(path) {
    this.database = new DatabaseSync(path);
  }
  exec(sql) {
    this.database.exec(sql);
  }
  prepare(sql) {
    const statement = this.database.prepare(sql);
    return {
      reader: /^\s*(select|pragma|with)/i.test(sql),
      all: (values) => statement.all(...[].concat(values || [])),
      get: (values) => statement.get(...[].concat(values || [])),
      run: (...values) => statement.run(...values.flat()),
    };
  }
  close() {
    this.database.close();
  }
}

const load = Module._load;
Module._load = (request, ...rest) => (request === "better-sqlite3" ? BetterSqlite3StandIn : load(request, ...rest));

function openStore() {
  if (config.dialect === "connect-sqlite3") {
    return new (require("connect-sqlite3")(session))({ db: new Sqlite3StandIn(config.path) });
  }
  if (config.dialect === "better-sqlite3") {
    return new (require("better-sqlite3-session-store")(session))({ client: new BetterSqlite3StandIn(config.path) });
  }
  const knex = require("knex")({ client: "better-sqlite3", connection: { filename: config.path }, useNullAsDefault: true });
  const { ConnectSessionKnexStore } = require("connect-session-knex");
  return new ConnectSessionKnexStore({ knex, createTable: true, cleanupInterval: 0 });
}

function call(store, name, ...rest) {
  return new Promise((done, failed) => store[name](...rest, (error, value) => (error ? failed(error) : done(value))));
}

function withCookie(data) {
  return Object.assign({ cookie: new session.Cookie({ maxAge: 3600000 }) }, data);
}

async function main() {
  const store = openStore();
  console.log(JSON.stringify({ value: "ready" }));
  for await (const text of readline.createInterface({ input: process.stdin })) {
    try {
      const line = JSON.parse(text);
      const rest = line.op === "set" || line.op === "touch" ? [withCookie(line.session)] : [];
      const value = await call(store, line.op, line.sid, ...rest);
      console.log(JSON.stringify({ value: line.op === "get" && value ? value : null }));
    } catch (error) {
      console.log(JSON.stringify({ error: String((error && error.message) || error) }));
    }
  }
  process.exit(0);
}
if (require.main === module) main();
module.exports = { openStore, session };
