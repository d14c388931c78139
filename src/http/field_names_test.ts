import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELD_TRAITS, FieldId, FieldTrait, fieldName, identifyField } from './field_names.ts';

function identify(name: string): FieldId {
  const bytes = Buffer.from(`..${name}..`, 'latin1');
  return identifyField(bytes, 2, 2 + name.length);
}

test('identifyField() knows each known name in any case', () => {
  for (const [key, id] of Object.entries(FieldId)) {
    if (id === FieldId.UNKNOWN) continue;
    const name = fieldName(id);
    assert.equal(name.toUpperCase().replaceAll('-', '_'), key);
    assert.equal(identify(name), id, name);
    assert.equal(identify(name.toUpperCase()), id, name);
    assert.equal(identify(name.toLowerCase()), id, name);
    assert.ok(id < 64, 'a header block has 64 bits for known names');
  }
});

test('identifyField() does not know a name that differs in one character', () => {
  for (const id of Object.values(FieldId)) {
    const name = fieldName(id);
    for (let i = 0; i < name.length; i++) {
      const changed = `${name.slice(0, i)}${name[i] === 'q' ? 'z' : 'q'}${name.slice(i + 1)}`;
      assert.equal(identify(changed), FieldId.UNKNOWN, changed);
    }
    if (name !== '') {
      assert.equal(identify(`${name}x`), FieldId.UNKNOWN);
      assert.equal(identify(name.slice(1)), FieldId.UNKNOWN);
    }
  }
});

test('identifyField() tells a hyphen from an underscore', () => {
  assert.equal(identify('content_length'), FieldId.UNKNOWN);
  assert.equal(identify('x_forwarded_for'), FieldId.UNKNOWN);
});

test('identifyField() takes empty and single characters for unknown', () => {
  assert.equal(identify(''), FieldId.UNKNOWN);
  for (const name of ['a', 't', 'E', '-']) assert.equal(identify(name), FieldId.UNKNOWN);
});

test('FIELD_TRAITS: fields of one hop are never kept, never trailers, always noted', () => {
  for (const id of Object.values(FieldId)) {
    const traits = FIELD_TRAITS[id]!;
    if ((traits & FieldTrait.HOP) === 0) continue;
    assert.equal(traits & FieldTrait.KEPT, 0, fieldName(id));
    assert.ok((traits & FieldTrait.NO_TRAILER) !== 0, fieldName(id));
    assert.ok((traits & FieldTrait.NOTED) !== 0, fieldName(id));
  }
});
