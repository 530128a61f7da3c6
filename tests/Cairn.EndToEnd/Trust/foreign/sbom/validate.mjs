// What others' validators say of bills of materials: a line for each, `ok NAME` or `bad NAME: WHY`.
import { readFileSync } from 'node:fs'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'

const [schema, ...files] = process.argv.slice(2)
const ajv = new Ajv({ strict: false, allErrors: true })
addFormats(ajv)
const spdx = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')))
const cyclonedx = new Validation.JsonStrictValidator(Spec.Version.v1dot6)

async function problemOf (file) {
  const text = readFileSync(file, 'utf8')
  const document = JSON.parse(text)
  if (document.bomFormat !== undefined) {
    return await cyclonedx.validate(text)
  }

  if (!spdx(document)) {
    return spdx.errors
  }

  // What the schema cannot say: every element that is referred to is there.
  const ids = new Set([document.SPDXID, ...document.packages.map(p => p.SPDXID)])
  return document.relationships.find(r => !ids.has(r.spdxElementId) || !ids.has(r.relatedSpdxElement)) ?? null
}

for (const file of files) {
  const problem = await problemOf(file)
  console.log(problem === null ? `ok ${file}` : `bad ${file}: ${JSON.stringify(problem).slice(0, 400)}`)
}
