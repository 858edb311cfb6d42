// The few calls of AWS that the handlers and place.mjs make. The local cloud requires a signature, and does not check it.
const { AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN } = process.env

exports.call = async (target, input, endpoint = AWS_ENDPOINT_URL) => {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': target,
      'X-Amz-Security-Token': AWS_SESSION_TOKEN ?? '',
      Authorization: `AWS4-HMAC-SHA256 Credential=${AWS_ACCESS_KEY_ID ?? 'operator'}/20260101/${AWS_REGION}/aws/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${target} answers ${response.status}: ${text}`)
  return text && JSON.parse(text)
}
