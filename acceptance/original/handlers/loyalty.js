const { publish, once } = require('./events.js')

exports.award = async ({ detail: { id, data } }) => {
  await once(`loyalty ${id}`, () => publish(process.env.LOYALTY_EVENT_BUS_ARN, 'loyalty.points-awarded', data.order))
}
