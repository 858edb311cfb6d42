import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errors } from './validate.mjs';

const valid = readFileSync(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8');

// Each changes the valid document, and is an error.
const mistakes = {
  'an operation on a channel that does not exist': (d) => { Object.values(d.operations)[0].channel.$ref = '#/channels/Missing'; },
  'an operation with a message of another channel': (d) => {
    const [first, second] = Object.entries(d.channels);
    second[1].messages.only = { name: 'only' };
    d.operations.wrong = { action: 'send', channel: { $ref: `#/channels/${first[0]}` }, messages: [{ $ref: `#/channels/${second[0]}/messages/only` }] };
  },
  'an operation that neither sends nor receives': (d) => { Object.values(d.operations)[0].action = 'publish'; },
  'a schema with a type that does not exist': (d) => { d.components.schemas['payment.taken'].type = 'struct'; },
  'a location of a correlation id that is not one': (d) => { Object.values(d.components.messages)[0].correlationId.location = 'correlationid'; },
  'no version': (d) => { delete d.info.version; },
  'a queue without a name': (d) => {
    const bound = Object.values(d.operations).find(({ bindings }) => bindings);
    delete bound.bindings.sqs.queues[0].name;
  },
};

test('the document is valid', async () => assert.deepEqual(await errors(valid), []));

for (const [name, make] of Object.entries(mistakes)) {
  test(`${name} is an error`, async () => {
    const document = JSON.parse(valid);
    make(document);
    assert.notDeepEqual(await errors(JSON.stringify(document)), []);
  });
}

test('the command fails and names the file of an invalid document', () => {
  const folder = mkdtempSync(join(tmpdir(), 'asyncapi-'));
  try {
    const file = join(folder, 'invalid.json');
    writeFileSync(file, '{"asyncapi": "3.0.0"}');
    const validate = fileURLToPath(new URL('./validate.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [validate, file], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /invalid\.json: /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
