// Places orders in the local cloud that LOCALCLOUD_READY_FILE describes, and prints how many of them were paid and
// shipped, which is how an order ends.
//
//   node place.mjs 20 apart       each order when everything that follows from the one before is done
//   node place.mjs 20 together    by 10 clients at once: an account without quotas of its own runs 10 invocations
//   node place.mjs 20 poisoned    apart, behind an event that the warehouse cannot handle, until that has failed 3 times
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import aws from './handlers/aws.js'

const [, , wanted, manner] = process.argv
const ready = JSON.parse(await readFile(process.env.LOCALCLOUD_READY_FILE, 'utf8'))
const call = (target, input) => aws.call(target, input, ready.awsEndpointUrl)

const get = async url => {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`GET ${url} answers ${response.status}: ${await response.text()}`)
  return response
}
const settled = () => get(ready.idleUrl)

// place returns the id of an order. If a client gets an error, it does not know whether the order is placed, and it
// places another one.
const place = async () => {
  for (;;) {
    try {
      return (await (await get(ready.outputs.PlaceUrl)).json()).event.data.order.id
    } catch (error) {
      console.log(error.message)
    }
  }
}
const placed = []
let left = Number(wanted)
const client = async () => {
  while (left-- > 0) {
    placed.push(await place())
    if (manner === 'apart') await settled()
  }
}

if (manner === 'poisoned') {
  await call('AWSEvents.PutEvents', {
    Entries: [{ EventBusName: ready.buses.GlobalBus, Source: 'order', DetailType: 'order.placed', Detail: '{"type": "order.placed"}' }],
  })
}
await Promise.all(Array.from({ length: manner === 'together' ? 10 : 1 }, client))
if (manner === 'poisoned') {
  while ((await (await get(ready.usageUrl)).json()).functions.Warehouse.batches < 3) await setTimeout(50)
  await call('AmazonSQS.PurgeQueue', { QueueUrl: ready.queues.WarehouseQueue }) // Nothing less removes the event.
}
await settled()

// The queue behind all events of the bus has what became of each order.
const times = { 'payment.taken': {}, 'warehouse.order-shipped': {} }
for (;;) {
  const { Messages: messages = [] } = await call('AmazonSQS.ReceiveMessage', { QueueUrl: ready.queues.ObservabilityQueue, MaxNumberOfMessages: 10 })
  if (messages.length === 0) break
  for (const { type, data } of messages.map(message => JSON.parse(message.Body).detail)) {
    const counts = times[type]
    if (counts) counts[data.order.id] = (counts[data.order.id] ?? 0) + 1
  }
}
const count = (type, enough) => placed.filter(id => (times[type][id] ?? 0) >= enough).length
const [paid, twice, shipped] = [count('payment.taken', 1), count('payment.taken', 2), count('warehouse.order-shipped', 1)]
console.log(`placed ${placed.length} ${manner}: paid ${paid}, paid twice ${twice}, shipped ${shipped}, lost ${placed.length - shipped}`)
