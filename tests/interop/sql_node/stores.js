// The session stores of Express that keep their sessions in SQL, for app.js and records.js. Of the program's first argument
// it takes {library, version, url, storeOptions}. The table is there once a store is returned.
"use strict";
const fs = require("fs");
const path = require("path");
const session = require("express-session");

const config = JSON.parse(process.argv[2]);

const isMysql = config.url.startsWith("mysql:");

function place() {
  const { hostname, port, username, pathname } = new URL(config.url);
  return { host: hostname, port: Number(port), user: username, password: "", database: pathname.slice(1) };
}

const LIBRARIES = {
  async "connect-pg-simple"(name) {
    const pool = new (require("pg").Pool)({ connectionString: config.url });
    // The table as its README says: by hand, from the file it ships.
    await pool.query(fs.readFileSync(path.join(path.dirname(require.resolve(name)), "table.sql"), "utf8"));
    return new (require(name)(session))({ pool, ...config.storeOptions });
  },

  async "express-mysql-session"(name) {
    const options = { ...place(), ...config.storeOptions };
    const Store = require(name)(session);
    if (config.version !== "2") {
      const store = new Store(options);
      await store.onReady();
      return store;
    }
    return new Promise((done, failed) => {
      const store = new Store(options, (error) => (error ? failed(error) : done(store)));
    });
  },

  async "connect-session-knex"(name) {
    // Each version brings the knex it was written for.
    const knex = require(require.resolve("knex", { paths: [path.dirname(require.resolve(name))] }));
    const connected = knex({ client: isMysql ? "mysql2" : "pg", connection: place() });
    const Store = config.version === "3" ? require(name)(session) : require(name).ConnectSessionKnexStore;
    const store = new Store({ knex: connected, ...config.storeOptions });
    await store.ready;
    return store;
  },

  async "connect-session-sequelize"(name) {
    const { Sequelize } = require("sequelize");
    const db = new Sequelize(config.url, { logging: false });
    const store = new (require(name)(session.Store))({ db, ...config.storeOptions });
    await store.sync();
    return store;
  },

  async "connect-typeorm"(name) {
    const { DataSource, EntitySchema } = require("typeorm");
    // The entity of its README, without the decorators of TypeScript.
    const entity = new EntitySchema({
      name: "session",
      columns: {
        expiredAt: { type: "bigint" },
        id: { type: "varchar", length: 255, primary: true },
        json: { type: "text" },
        destroyedAt: { type: isMysql ? "datetime" : "timestamp", deleteDate: true, nullable: true },
      },
      indices: [{ columns: ["expiredAt"] }],
    });
    // By default TypeORM speaks MySQL's three-byte utf8, which refuses an emoji.
    const kind = isMysql ? { type: "mysql", charset: "utf8mb4" } : { type: "postgres" };
    const source = new DataSource({ ...kind, url: config.url, entities: [entity], synchronize: true });
    await source.initialize();
    const store = new (require(name).TypeormStore)({ limitSubquery: !isMysql, ...config.storeOptions });
    return store.connect(source.getRepository("session"));
  },
};

module.exports = { openStore: () => LIBRARIES[config.library](`${config.library}-${config.version}`), session };
