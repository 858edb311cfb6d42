const { randomUUID } = require('node:crypto')
const { call } = require('./aws.js')

// publish does not look at FailedEntryCount: an event that EventBridge did not accept is lost.
exports.publish = async (bus, type, order) => {
  const [source] = type.split('.')
  const event = {
    specversion: '1.0', id: randomUUID(), source, type, data: { order }, time: new Date().toISOString(), dataschema: '', correlationid: order.id,
  }
  await call('AWSEvents.PutEvents', { Entries: [{ EventBusName: bus, Source: source, DetailType: type, Detail: JSON.stringify(event) }] })
  return event
}

// once marks the work as done after it, so that a crash between the two repeats it.
exports.once = async (id, work) => {
  const table = { TableName: process.env.IDEMPOTENCY_TABLE_NAME }
  const { Item: done } = await call('DynamoDB_20120810.GetItem', { ...table, Key: { id: { S: id } } })
  if (done) return
  await work()
  await call('DynamoDB_20120810.PutItem', { ...table, Item: { id: { S: id } } })
}
