const { publish } = require('./events.js')

// worker handles the first message of a batch. Lambda deletes all of them.
exports.worker = async ({ Records: [first] }) => {
  const { type, data } = JSON.parse(first.body).detail
  const next = type === 'order.placed' ? 'warehouse.stock-reserved' : 'warehouse.order-shipped'
  await publish(process.env.GLOBAL_EVENT_BUS_ARN, next, data.order)
}
