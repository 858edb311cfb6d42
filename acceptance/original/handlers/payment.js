const { publish, once } = require('./events.js')

// worker handles the first message of a batch. Lambda deletes all of them.
exports.worker = async ({ Records: [first] }) => {
  const { id, data } = JSON.parse(first.body).detail
  await once(`payment ${id}`, () => publish(process.env.GLOBAL_EVENT_BUS_ARN, 'payment.taken', data.order))
}
