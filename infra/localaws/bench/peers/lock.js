// Takes out of package-lock.json what installing does not need and names addresses or
// dates it: funding, licences and notices of deprecation.
const fs = require('fs')

const lock = JSON.parse(fs.readFileSync('package-lock.json'))
for (const entry of Object.values(lock.packages)) {
  delete entry.funding
  delete entry.license
  delete entry.deprecated
}
fs.writeFileSync('package-lock.json', JSON.stringify(lock, null, 2) + '\n')
