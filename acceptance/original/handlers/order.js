const { randomUUID } = require('node:crypto')
const { publish } = require('./events.js')

exports.place = async () => {
  const event = await publish(process.env.GLOBAL_EVENT_BUS_ARN, 'order.placed', { id: randomUUID() })
  return { statusCode: 200, body: JSON.stringify({ event }) }
}
