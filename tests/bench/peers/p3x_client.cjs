// Asks p3x-redis-ui-server over socket.io as its page does: a line of JSON in, a line of JSON with the milliseconds out.
const readline = require('node:readline')
const { io } = require('socket.io-client')

const socket = io(process.argv[2], { transports: ['websocket'], reconnectionDelay: 10, reconnectionDelayMax: 10 })
let number = 0

function ask(action, payload) {
  const requestId = `r${++number}`
  return new Promise((resolve) => {
    socket.once(`p3xr-response-${requestId}`, resolve)
    socket.emit('p3xr-request', { action, payload, requestId })
  })
}

function tell(value) {
  process.stdout.write(JSON.stringify(value) + '\n')
}

socket.once('connect', () => {
  tell({ status: 'connected' })
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const { action, payload } = JSON.parse(line)
    const begun = performance.now()
    const reply = await ask(action, payload)
    const ms = performance.now() - begun
    const keys = reply.keys ?? []
    tell({ status: reply.status, error: reply.error, type: reply.type, ms, keys: keys.length, first: reply.keysInfo?.[keys[0]] })
  })
})
