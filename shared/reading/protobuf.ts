/** Protobuf messages by those of their fields that are read: what is not named is not even decoded. */
import protobuf from "protobufjs/light.js";

/** As a .proto file has it: `string 1`, `repeated Span 2`, `map<string, Value> 1`. */
const FIELD = /^(?:(repeated) |map<(string), )?(\w+)>? (\d+)$/;

export function protobufRoot(schema: {
  /** By message and name of the field. */
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Messages in which only one of the fields is set. */
  readonly choices: readonly string[];
  readonly enums?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}): protobuf.Root {
  const { messages, choices, enums = {} } = schema;
  const nested: Record<string, protobuf.IType | protobuf.IEnum> = {};
  for (const [name, values] of Object.entries(enums)) nested[name] = { values: { ...values } };
  for (const [name, written] of Object.entries(messages)) {
    const fields = Object.fromEntries(Object.entries(written).map(([field, text]) => [field, fieldOf(text)]));
    const oneof = Object.keys(fields);
    nested[name] = { fields, ...(choices.includes(name) ? { oneofs: { choice: { oneof } } } : {}) };
  }
  return protobuf.Root.fromJSON({ nested });
}

/** Throws for what is no field: it is our own mistake. */
function fieldOf(text: string): protobuf.IField {
  const [, repeated, keyType, type, id] = FIELD.exec(text) ?? [];
  if (type === undefined) throw new Error(`no field of protobuf: ${text}`);
  return {
    type,
    id: Number(id),
    ...(repeated === undefined ? {} : { rule: repeated }),
    ...(keyType === undefined ? {} : { keyType }),
  };
}
