exports.handler = async event => {
  console.log(JSON.stringify(event))
  if (event.fail) throw new Error('as asked')
  return { statusCode: 200, body: process.env.GREETING }
}
