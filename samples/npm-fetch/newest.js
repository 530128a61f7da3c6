'use strict';

const semver = require('semver');

// The newest of some versions that a range allows.
module.exports = (versions, range) => semver.maxSatisfying(versions, range);

if (require.main === module) {
  console.log(`The newest is ${module.exports(process.argv.slice(3), process.argv[2])}`);
}
