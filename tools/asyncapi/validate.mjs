// Validates AsyncAPI documents with AsyncAPI's own parser: node validate.mjs FILE…
// It prints every error, and then ends with 1.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { DiagnosticSeverity, Parser } from '@asyncapi/parser';

// errors returns a line for each error in a document, given as text. What the parser
// recommends is no error.
export async function errors(text) {
  const diagnostics = await new Parser().validate(text);
  return diagnostics
    .filter(({ severity }) => severity === DiagnosticSeverity.Error)
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const files = process.argv.slice(2);
  if (files.length === 0) throw new Error('usage: node validate.mjs FILE…');
  for (const file of files) {
    for (const error of await errors(await readFile(file, 'utf8'))) {
      console.error(`${file}: ${error}`);
      process.exitCode = 1;
    }
  }
}
