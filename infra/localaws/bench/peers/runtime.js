// A Lambda runtime for Node: it polls the Runtime API for events and hands each to the
// function, as AWS's runtime interface client does.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const http = require('http')
const { URL } = require('url')

const base = new URL(`http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/`)
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    const options = { agent, method, headers, hostname: base.hostname, port: base.port, path: base.pathname + path }
    const request = http.request(options, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

// invoke ends when the function calls context.done, as Claudia's router does.
function invoke(handle, event, context) {
  return new Promise((resolve, reject) => {
    context.done = (error, result) => (error ? reject(error) : resolve(result))
    handle(event, context).catch(reject)
  })
}

const problem = (error) => JSON.stringify({ errorType: error.name, errorMessage: error.message })

async function main() {
  let handle
  try {
    handle = require('./claudia').proxyRouter
  } catch (error) {
    await call('POST', 'init/error', problem(error))
    process.exit(1)
  }
  for (;;) {
    const next = await call('GET', 'invocation/next')
    if (next.status !== 200) throw new Error(`the Runtime API answered ${next.status}`)
    const id = next.headers['lambda-runtime-aws-request-id']
    const deadline = Number(next.headers['lambda-runtime-deadline-ms'])
    const context = {
      awsRequestId: id,
      functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
      invokedFunctionArn: next.headers['lambda-runtime-invoked-function-arn'],
      getRemainingTimeInMillis: () => deadline - Date.now(),
    }
    try {
      const result = await invoke(handle, JSON.parse(next.body), context)
      await call('POST', `invocation/${id}/response`, JSON.stringify(result ?? null))
    } catch (error) {
      await call('POST', `invocation/${id}/error`, problem(error))
    }
  }
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
