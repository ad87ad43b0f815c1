// The protected function as claudia-api-builder has it.
const ApiBuilder = require('claudia-api-builder')
const { answer, headers } = require('./answer')

const api = new ApiBuilder()
api.get('/require-auth', (request) => new api.ApiResponse(answer(request.proxyRequest.requestContext.identity), headers, 200),
  { success: { contentType: 'application/json' } })
// Claudia sets headers for other origins on every answer unless told otherwise.
api.corsOrigin(false)
module.exports = api
