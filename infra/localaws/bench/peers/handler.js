// The protected function for serverless-offline.
const { answer, headers } = require('./answer')

exports.handler = async (event) => ({
  statusCode: 200,
  headers,
  body: JSON.stringify(answer(event.requestContext.identity)),
})
